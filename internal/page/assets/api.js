// Requests to the API, with the token if there is one. The token comes once from ?token= of the address, or from the form
// that the page shows; it stays in the session storage of this tab.

const key = "factorfleet-token";

// An APIError has the status of the answer, 0 if there was none, and a message of one line.
export class APIError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// takeToken keeps the token of the address and removes it from the address and the history.
export function takeToken() {
  const url = new URL(location.href);
  const token = url.searchParams.get("token");
  if (token === null) return;
  setToken(token);
  url.searchParams.delete("token");
  history.replaceState(history.state, "", url);
}

export function setToken(token) {
  try {
    sessionStorage.setItem(key, token);
  } catch {
    memory = token; // storage is switched off
  }
}

let memory = null;

export function token() {
  try {
    return sessionStorage.getItem(key) ?? memory;
  } catch {
    return memory;
  }
}

// request returns the Response to a GET below /api/v1/, or throws an APIError.
export async function request(path, options = {}) {
  const headers = { Accept: options.accept ?? "application/json" };
  if (token()) headers.Authorization = `Bearer ${token()}`;
  let answer;
  try {
    answer = await fetch(`/api/v1/${path}`, { headers, signal: options.signal, cache: "no-store", credentials: "omit" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new APIError(0, "the server does not answer");
  }
  if (!answer.ok) throw new APIError(answer.status, await reason(answer));
  return answer;
}

// get returns the JSON of a path.
export async function get(path, signal) {
  const answer = await request(path, { signal });
  try {
    return await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new APIError(0, "the answer was cut off");
  }
}

// reason returns the line of text of an answer that is an error.
async function reason(answer) {
  try {
    const { error } = await answer.json();
    if (typeof error === "string" && error) return error;
  } catch {
    // no JSON: the status says enough
  }
  return `the server answered ${answer.status}`;
}

// query writes the parameters that have a value.
export function query(path, params) {
  const text = new URLSearchParams(Object.entries(params).filter(([, v]) => v !== "" && v !== null && v !== undefined));
  return `${path}?${text}`;
}
