/** A list that is asked for page by page. */

import type { Page } from './types.js';

/** More pages than anybody reads: an end, should a cursor never come to one. */
const PAGES_MAX = 100_000;

/**
 * Awaited, it is the page that was asked for; gone through with `for await`, it is every item from there
 * on, the newest first, with as many requests as it takes.
 */
export class Listing<T> implements PromiseLike<Page<T>>, AsyncIterable<T> {
  readonly #ask: (cursor: string | undefined) => Promise<Page<T>>;
  readonly #cursor: string | undefined;

  constructor(cursor: string | undefined, ask: (cursor: string | undefined) => Promise<Page<T>>) {
    this.#cursor = cursor;
    this.#ask = ask;
  }

  then<A = Page<T>, B = never>(
    onDone?: ((page: Page<T>) => A | PromiseLike<A>) | null,
    onFailed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#ask(this.#cursor).then(onDone, onFailed);
  }

  async *pages(): AsyncGenerator<Page<T>, void, undefined> {
    let cursor = this.#cursor;
    for (let count = 0; count < PAGES_MAX; count += 1) {
      const page = await this.#ask(cursor);
      yield page;
      if (!page.next_cursor) return;
      cursor = page.next_cursor;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of this.pages()) yield* page.items;
  }
}
