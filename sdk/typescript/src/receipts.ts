/** Receipts 小票 on screen and on paper. */

/** What is needed of the answer of `getReceipt`. */
export interface PrintedReceipt {
  width_mm: number;
  lines: readonly string[];
}

/** A Chinese character takes two columns: fonts in which it does, then whatever the machine has. */
const FONTS =
  '"Sarasa Mono SC", "Noto Sans Mono CJK SC", "Source Han Mono SC", "NSimSun", "SimSun", "Menlo", monospace';
/** Columns of a receipt on paper of 80 and of 58 mm. */
const COLUMNS = { wide: 48, narrow: 32 } as const;
/** Paper has margins that no printer prints on. */
const MARGIN_MM = 3;
/** The frame stays until the browser's own dialogue is over; some say nothing about its end. */
const PRINT_MS_MAX = 60_000;

/** The receipt as an element, appended to `container` if there is one. */
export function showReceipt(receipt: PrintedReceipt, container?: Element): HTMLPreElement {
  const shown = element(document, receipt);
  container?.append(shown);
  return shown;
}

/** Prints the receipt alone, on paper of its width. */
export function printReceipt(receipt: PrintedReceipt): void {
  const frame = document.createElement('iframe');
  frame.setAttribute('aria-hidden', 'true');
  frame.tabIndex = -1;
  Object.assign(frame.style, { position: 'fixed', width: '0', height: '0', border: '0', right: '0', bottom: '0' });
  document.body.append(frame);
  const view = frame.contentWindow as (Window & typeof globalThis) | null;
  if (!view) return;
  const paper = new view.CSSStyleSheet();
  paper.replaceSync(`@page { size: ${width(receipt)}mm auto; margin: ${MARGIN_MM}mm } body { margin: 0 }`);
  view.document.adoptedStyleSheets = [paper];
  view.document.body.append(element(view.document, receipt));
  const end = () => frame.remove();
  view.addEventListener('afterprint', end);
  setTimeout(end, PRINT_MS_MAX);
  view.focus();
  view.print();
}

function element(page: Document, receipt: PrintedReceipt): HTMLPreElement {
  const shown = page.createElement('pre');
  shown.className = 'suanpan-receipt';
  shown.lang = 'zh-CN';
  // Text and nothing else: a name on a receipt is never markup.
  shown.textContent = receipt.lines.join('\n');
  const columns = receipt.width_mm === 80 ? COLUMNS.wide : COLUMNS.narrow;
  Object.assign(shown.style, {
    boxSizing: 'border-box',
    width: `${width(receipt) - 2 * MARGIN_MM}mm`,
    maxWidth: '100%',
    margin: '0',
    overflowX: 'auto',
    // A column is half a character's height wide.
    font: `${((width(receipt) - 2 * MARGIN_MM) / columns) * 2}mm/1.5 ${FONTS}`,
  });
  return shown;
}

function width(receipt: PrintedReceipt): number {
  return receipt.width_mm === 80 ? 80 : 58;
}
