/**
 * The server puts the modules of `web/*` into one flat folder, and they import each other so. Tests
 * run them where they lie: a name that is not in the importer's own folder is looked for in
 * `web/shared`.
 */
import { existsSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';

const SHARED = new URL('../', import.meta.url);

const hooks = `
  import { existsSync } from 'node:fs';
  export async function resolve(name, context, next) {
    if (/^\\.\\/[\\w-]+\\.js$/.test(name) && context.parentURL) {
      const own = new URL(name, context.parentURL);
      const url = existsSync(own) ? own : new URL(name, ${JSON.stringify(SHARED.href)});
      return { url: url.href, format: 'module', shortCircuit: true };
    }
    if (name.startsWith('file:') && name.endsWith('.js')) return { url: name, format: 'module', shortCircuit: true };
    return next(name, context);
  }`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

/**
 * @param {string} name A module of `web/shared`, or of the folder that is given.
 * @param {URL} [folder]
 */
export function load(name, folder = SHARED) {
  const own = new URL(name, folder);
  if (!existsSync(fileURLToPath(own))) throw new Error(`there is no ${own.href}`);
  return import(own.href);
}
