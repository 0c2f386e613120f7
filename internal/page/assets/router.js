// Routes are in the hash of the address: #/jobs/ID/shared/PART?search=x. So each view has an address of its own.

// parse returns the parts of a hash, decoded, and its parameters.
export function parse(hash) {
  const [path, search = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const parts = path.split("/").filter(Boolean).map(decode);
  return { parts, params: new URLSearchParams(search), path };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a % that encodes nothing
  }
}

// link returns the hash of a view.
export function link(...parts) {
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

export const jobLink = (id) => link("jobs", id);
export const sharedLink = (id, part) => link("jobs", id, "shared", part);
export const workerLink = (name) => link("workers", name);

// setParams changes parameters of the present address. With push, Back returns to the former ones.
export function setParams(changes, push) {
  const { path, params } = parse(location.hash);
  for (const [name, value] of Object.entries(changes)) {
    if (value === "" || value === null || value === undefined) params.delete(name);
    else params.set(name, value);
  }
  const search = params.toString();
  const hash = `#/${path}${search ? `?${search}` : ""}`;
  if (hash === location.hash) return;
  if (push) location.hash = hash;
  else {
    history.replaceState(history.state, "", hash);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  }
}
