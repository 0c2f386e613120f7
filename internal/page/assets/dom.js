// A view returns a tree of plain objects; patch changes the document so that it shows the tree. Nodes that stay keep
// their focus, scroll position and selection. Text is always put in as text: there is no way to pass HTML.

const svgNS = "http://www.w3.org/2000/svg";

// h returns a node of the tree. props are attributes; "on..." are handlers, "style" is an object of CSS properties, and
// "key" tells siblings apart. A child is a node, a text, a number, a list of these, or nothing (null, undefined, false).
export function h(tag, props, ...children) {
  return { tag, props: props ?? {}, key: props?.key, children: flat(children, []) };
}

// foreign puts in an element that somebody else keeps up to date.
export function foreign(key, element) {
  return { tag: "#foreign", props: {}, key, children: [], element };
}

// cut keeps a text that is no message of a program any more from filling the page.
function cut(text) {
  return text.length > 320 ? `${text.slice(0, 200)}…${text.slice(-100)}` : text;
}

function flat(list, out) {
  for (const child of list) {
    if (child === null || child === undefined || child === false || child === true) continue;
    if (Array.isArray(child)) flat(child, out);
    else if (typeof child === "object") out.push(child);
    else out.push({ tag: "#text", props: {}, children: [], text: cut(String(child)) });
  }
  return out;
}

const shown = new WeakMap(); // parent element: the list of nodes that it shows

// patch makes tree, a node or a list, the content of parent.
export function patch(parent, tree) {
  const next = flat([tree], []);
  const active = document.activeElement;
  patchList(parent, shown.get(parent) ?? adopt(parent), next, parent.namespaceURI === svgNS);
  shown.set(parent, next);
  // A moved element loses the focus.
  if (active !== document.activeElement && active?.isConnected && parent.contains(active)) active.focus({ preventScroll: true });
}

// adopt empties an element that was written in HTML.
function adopt(parent) {
  parent.replaceChildren();
  return [];
}

function patchList(parent, old, next, svg) {
  const keyed = new Map();
  const plain = [];
  for (const o of old) {
    if (o.key === undefined) plain.push(o);
    else keyed.set(o.key, o);
  }
  let taken = 0;
  const pairs = next.map((n) => {
    let o = plain[taken];
    if (n.key !== undefined) {
      o = keyed.get(n.key);
      if (o) keyed.delete(n.key);
    } else taken++;
    return o && o.tag === n.tag && o.element === n.element ? o : null;
  });
  const stay = new Set(pairs);
  for (const o of old) if (!stay.has(o)) o.node.remove();
  let cursor = parent.firstChild;
  next.forEach((n, i) => {
    if (pairs[i]) update(pairs[i], n, svg);
    else n.node = create(n, svg);
    if (n.node === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(n.node, cursor);
  });
}

function create(n, svg) {
  if (n.tag === "#text") return document.createTextNode(n.text);
  if (n.tag === "#foreign") return n.element;
  const inSVG = svg || n.tag === "svg";
  const el = inSVG ? document.createElementNS(svgNS, n.tag) : document.createElement(n.tag);
  for (const [name, value] of Object.entries(n.props)) setProp(el, name, value, undefined);
  for (const child of n.children) {
    child.node = create(child, inSVG);
    el.append(child.node);
  }
  return el;
}

function update(o, n, svg) {
  const el = (n.node = o.node);
  if (n.tag === "#text") {
    if (o.text !== n.text) el.data = n.text;
    return;
  }
  if (n.tag === "#foreign") return;
  for (const [name, value] of Object.entries(n.props)) setProp(el, name, value, o.props[name]);
  for (const name of Object.keys(o.props)) if (!(name in n.props)) setProp(el, name, undefined, o.props[name]);
  patchList(el, o.children, n.children, svg || n.tag === "svg");
}

function setProp(el, name, value, before) {
  if (value === before || name === "key") return;
  if (name.startsWith("on")) {
    el[name] = value ?? null;
  } else if (name === "style") {
    for (const [property, v] of Object.entries(value ?? {})) if (v !== before?.[property]) el.style.setProperty(property, v);
  } else if (value === undefined || value === null || value === false) {
    el.removeAttribute(name);
  } else {
    el.setAttribute(name, value === true ? "" : value);
    if (name === "value" && el.tagName === "PROGRESS") el.value = value;
  }
}
