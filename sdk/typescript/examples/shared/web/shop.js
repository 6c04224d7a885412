/** What the pages have in common: elements without markup in strings, and requests to the shop's own server. */

/**
 * @param {string} tag
 * @param {Record<string, any>} [attributes] `on...` are handlers; `false` and `null` leave one out.
 * @param {...(Node | string | number | null | (Node | null)[])} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false || value === undefined) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children.flat()) if (child !== null) element.append(typeof child === 'number' ? String(child) : child);
  return element;
}

/** @param {string} id @returns {any} */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * @param {string} path
 * @param {object} [body] Asks by POST when there is one.
 * @returns {Promise<any>}
 */
export async function ask(path, body) {
  const answer = await fetch(path, {
    method: body ? 'POST' : 'GET',
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
  });
  const told = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.message), told);
  return told;
}

/** A number for one purchase: made once, so that a second tap or a reload is the same purchase. */
export function purchaseKey(/** @type {string} */ name) {
  const kept = sessionStorage.getItem(name);
  if (kept) return kept;
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  const key = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  sessionStorage.setItem(name, key);
  return key;
}

/** @param {number} ms */
export function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}
