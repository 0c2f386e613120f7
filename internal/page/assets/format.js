// Figures, times and durations as people read them. Every function copes with a value that is missing or no number.

export const none = "–";

const isNumber = (n) => typeof n === "number" && Number.isFinite(n);

// count groups the digits of an integer: 1,234,567.
export function count(n) {
  if (!isNumber(n)) return none;
  return String(Math.round(n)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

// plural returns "1 worker", "2 workers".
export function plural(n, noun, nouns = noun + "s") {
  return `${count(n)} ${n === 1 ? noun : nouns}`;
}

// rate writes a number a second: three figures below 100.
export function rate(n) {
  if (!isNumber(n)) return none;
  if (n === 0) return "0/s";
  if (n < 0.01) return `${count(n * 3600 < 1 ? Math.ceil(n * 86400) : n * 3600)}/${n * 3600 < 1 ? "d" : "h"}`;
  return `${n < 100 ? trim(n.toPrecision(n < 1 ? 2 : 3)) : count(n)}/s`;
}

// short writes a figure of an axis: 950, 1.2k, 34k, 5M.
export function short(n) {
  for (const [unit, letter] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (n >= unit) return trim((n / unit).toPrecision(n / unit < 10 ? 2 : 3)) + letter;
  }
  return trim(n < 1 ? n.toPrecision(1) : n.toPrecision(3));
}

const trim = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

// percent writes a share of 0 to 1. What is not complete is never 100%.
export function percent(share) {
  if (!isNumber(share)) return none;
  const p = Math.min(Math.max(share, 0), 1) * 100;
  if (p === 100) return "100%";
  return `${(Math.floor(p * 10) / 10).toFixed(1)}%`;
}

// duration writes nanoseconds: 350ms, 4.2s, 42s, 3m40s, 2h05m, 3d4h.
export function duration(ns) {
  if (!isNumber(ns) || ns < 0) return none;
  const s = ns / 1e9;
  if (ns === 0) return "0s";
  if (s < 0.0009995) return `${Math.max(1, Math.round(ns / 1e3))}µs`;
  if (s < 0.9995) return `${Math.round(ns / 1e6)}ms`;
  if (s < 9.95) return `${trim(s.toFixed(1))}s`;
  const whole = Math.round(s);
  const two = (n) => String(n).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)}h${two(Math.floor((whole % 3600) / 60))}m`;
  return whole < 86400 * 365 ? `${Math.floor(whole / 86400)}d${Math.floor((whole % 86400) / 3600)}h` : "years";
}

// age writes seconds in one unit, the largest of which there are at least two: 90s, 47h, 2d.
export function age(s) {
  s = Math.max(0, Math.floor(s)) || 0;
  if (s >= 2 * 86400) return `${Math.floor(s / 86400)}d`;
  if (s >= 2 * 3600) return `${Math.floor(s / 3600)}h`;
  return s >= 120 ? `${Math.floor(s / 60)}m` : `${s}s`;
}

// bytes writes a size: 1.5 GiB.
export function bytes(n) {
  if (!isNumber(n)) return none;
  for (const [unit, name] of [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]]) {
    if (n >= unit) return `${trim((n / unit).toPrecision(3))} ${name}`;
  }
  return `${count(n)} B`;
}

// moment returns the milliseconds of a time of the API; NaN for the zero time, and for what is no time.
export function moment(text) {
  const ms = Date.parse(text ?? "");
  return ms > 0 ? ms : NaN;
}

// exact writes a time for the title of a relative one: 2026-05-04 12:03:04 +02:00.
export function exact(ms) {
  const d = new Date(ms);
  const two = (n) => String(n).padStart(2, "0");
  const off = -d.getTimezoneOffset();
  const zone = `${off < 0 ? "-" : "+"}${two(Math.floor(Math.abs(off) / 60))}:${two(Math.abs(off) % 60)}`;
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${clock(ms)} ${zone}`;
}

// clock writes the local time of a day: 12:03:04.
export function clock(ms) {
  const d = new Date(ms);
  return [d.getHours(), d.getMinutes(), d.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");
}

// closed ends a message of the API with a full stop; sentence also begins it with a capital letter.
export const closed = (text) => (/[.!?…]$/.test(text) ? text : `${text}.`);
export const sentence = (text) => closed(`${String(text ?? "").slice(0, 1).toUpperCase()}${String(text ?? "").slice(1)}`);

// middle shortens a long text in its middle, such as the digits of a number.
export function middle(text, most = 44) {
  text = String(text ?? "");
  if (text.length <= most) return text;
  const half = Math.floor((most - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(-half)}`;
}

// value writes a number, or the item that travels as one in jobs of a kind exec:NAME, for which other digits mean nothing:
// the bytes of the number are 0x01 and those of the item.
export function value(kind, number, most) {
  if (!String(kind).startsWith("exec:")) return middle(number, most);
  if (!/^\d{1,6000}$/.test(number)) return "a long item";
  const hex = BigInt(number).toString(16).slice(1);
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  return middle(JSON.stringify(new TextDecoder().decode(bytes)), most);
}

// shell returns an argument that a shell takes as it is, or null if the text is not plain enough to be typed safely.
export function shell(text) {
  return /^[A-Za-z0-9_][\w.@%+:,/-]*$/.test(text) ? text : null;
}
