/** The till's modules import those of `web/shared` as the server serves them: from one folder. */
import { load } from '../../shared/tests/flat.mjs';

/** @param {string} name */
export const till = (name) => load(name, new URL('../', import.meta.url));
