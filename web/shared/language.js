/**
 * Words in two languages. A page gives its table; the choice is kept on the device.
 *
 * @typedef {'zh' | 'en'} Language
 * @typedef {Record<string, string>} Words
 */

const KEPT_AS = 'suanpan.language';

/**
 * @param {{ zh: Words, en: Words }} tables
 * @param {Pick<Storage, 'getItem' | 'setItem'> | null} [storage] Where the choice is kept; null for nowhere.
 */
export function makeWords(tables, storage = null) {
  /** @type {Language} */
  let language = read(storage) === 'en' ? 'en' : 'zh';
  /** @type {Set<() => void>} */
  const listeners = new Set();
  return {
    /** @returns {Language} */
    language: () => language,
    /**
     * The words of a key, with `{name}` replaced. A key without words is shown as it is: wrong, but
     * never empty.
     *
     * @param {string} key
     * @param {Record<string, string | number>} [values]
     * @returns {string}
     */
    t(key, values = {}) {
      const words = tables[language][key] ?? tables.zh[key] ?? key;
      return words.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
    },
    /** @param {string} key */
    has: (key) => key in tables[language],
    /** @param {Language} next */
    setLanguage(next) {
      language = next;
      write(storage, next);
      for (const listener of listeners) listener();
    },
    /** @param {() => void} listener */
    onChange(listener) {
      listeners.add(listener);
    },
  };
}

/** @param {Pick<Storage, 'getItem'> | null} storage */
function read(storage) {
  try {
    return storage?.getItem(KEPT_AS) ?? null;
  } catch {
    return null;
  }
}

/**
 * @param {Pick<Storage, 'setItem'> | null} storage
 * @param {string} value
 */
function write(storage, value) {
  try {
    storage?.setItem(KEPT_AS, value);
  } catch {
    // A browser without storage forgets the choice; the page works all the same.
  }
}
