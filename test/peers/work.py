"""The two workloads: their tasks, the work on them, and the check of the results.

A task is (kind, numbers). Its result has one list of numbers for each number of the task: its square, or its prime
factors in ascending order. As a program, work.py does the work of a command that the fleet runs (kind exec):

    work.py square|factor            one number a line in, one result a line out, flushed line by line
    work.py square|factor NUMBER     the result of one number
"""

import math
import sys

CHUNK = 43  # numbers a chunk of the tutorial
FIRST, LAST, STEP = 999999999999, 1000000001997, 2  # its 1000 numbers: 23 full chunks and one of 11


def squares(count):
    """The list (a): count tasks of one number, without work."""
    return [("square", [n]) for n in range(1, count + 1)]


def tutorial(chunks):
    """The list (b): the first chunks (at most 24) of the tutorial's numbers, for naive trial division."""
    numbers = list(range(FIRST, LAST + 1, STEP))
    return [("factor", numbers[i : i + CHUNK]) for i in range(0, len(numbers), CHUNK)][:chunks]


def square(n):
    return [n * n]


def factor(n):
    """The prime factors of n >= 1 by trial division with 2 and all odd numbers, as in the tutorial."""
    factors, p = [], 2
    while n > 1:
        if p * p > n:
            factors.append(n)
            break
        if n % p == 0:
            factors.append(p)
            n //= p
        else:
            p += 1 if p == 2 else 2
    return factors


WORK = {"square": square, "factor": factor}


def do(task):
    """The result of a task."""
    kind, numbers = task
    return [WORK[kind](n) for n in numbers]


def is_prime(n):
    """Whether n < 3.3e24 is prime, by Miller-Rabin with the bases to 41, which suffice for that range."""
    if n < 2:
        return False
    bases = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41)
    if n in bases:
        return True
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return not any(composite(n, base, odd, twos) for base in bases)


def composite(n, base, odd, twos):
    """Whether base proves that n = odd * 2^twos + 1 is composite."""
    power = pow(base, odd, n)
    if power in (1, n - 1):
        return False
    for _ in range(twos - 1):
        power = power * power % n
        if power == n - 1:
            return False
    return True


def check(tasks, results):
    """Raises ValueError if results, in the order of tasks, are not those of tasks."""
    if len(results) != len(tasks):
        raise ValueError(f"{len(results)} results of {len(tasks)} tasks")
    for (kind, numbers), result in zip(tasks, results):
        if len(result) != len(numbers):
            raise ValueError(f"{len(result)} results of {len(numbers)} numbers from {numbers[0]}")
        for n, answer in zip(numbers, result):
            if kind == "square":
                right = answer == [n * n]
            else:
                right = math.prod(answer) == n and sorted(answer) == answer and all(map(is_prime, answer))
            if not right:
                raise ValueError(f"wrong {kind} of {n}: {answer}")


def main():
    work = WORK[sys.argv[1]]
    for line in sys.argv[2:] or sys.stdin:
        print(*work(int(line)), flush=True)


if __name__ == "__main__":
    main()
