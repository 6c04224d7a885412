/**
 * Makes elements without markup in strings: text is always text, so nothing that a server or a
 * person wrote can become markup. Works under a policy without inline styles and handlers.
 *
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {Record<string, (event: any) => void>} Handlers
 * @typedef {{ [name: string]: string | number | boolean | null | undefined | Handlers }} Attributes
 */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * An HTML element. `on` holds its handlers, `value`, `checked` and `disabled` are set as properties,
 * `false` and `null` leave an attribute out.
 *
 * @param {string} tag
 * @param {Attributes} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {any} The element; its kind follows from the tag.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setOne(element, name, value);
  element.append(...nodes(children));
  return element;
}

/**
 * An SVG element.
 *
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...SVGElement} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes, ...children) {
  const element = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/**
 * Puts new children in the place of the old ones.
 *
 * @param {Element} parent
 * @param {...(Child | Child[])} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren(...nodes(children));
}

/**
 * @param {HTMLElement} element
 * @param {string} name
 * @param {string | number | boolean | null | undefined | Handlers} value
 */
function setOne(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === 'on') {
    for (const [event, handler] of Object.entries(/** @type {Handlers} */ (value))) {
      element.addEventListener(event, handler);
    }
    return;
  }
  // The policy refuses both, and they are the way in for markup that somebody else wrote.
  if (name === 'style' || name.startsWith('on')) throw new Error(`${name} is not set here`);
  if (name === 'value' || name === 'checked' || name === 'disabled') {
    Object.assign(element, { [name]: value });
    return;
  }
  element.setAttribute(name, value === true ? '' : String(value));
}

/**
 * @param {any[]} children
 * @returns {(Node | string)[]}
 */
function nodes(children) {
  return /** @type {Child[]} */ (children.flat(Infinity))
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (typeof child === 'number' ? String(child) : /** @type {Node | string} */ (child)));
}
