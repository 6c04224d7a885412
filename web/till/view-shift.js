/**
 * The shift 班次 of this terminal's drawer: opened with a float, closed with a count.
 */
import { fill, h } from './dom.js';
import { formatMoney, formatYuan, parseYuan, shortYuan } from './money.js';
import { action } from './shortcuts.js';
import { openDialog } from './layers.js';
import { countedFen, DENOMINATIONS_FEN, totalsByTender } from './drawer.js';
import { printShift } from './receipt.js';
import { withRight } from './view-staff.js';

const PAGE = 100;
/** So many pages of payments are added up; a longer shift says that it is not all. */
const PAGES_MAX = 10;

/** @param {import('./till.js').App} app */
export function shiftView(app) {
  const { t } = app;
  const root = h(
    'section',
    { class: 'page', 'data-test': 'shift' },
    h('p', { class: 'quiet', role: 'status' }, t('loading')),
  );
  let isOver = false;

  async function load() {
    const [cashier, result] = await Promise.all([
      app.api.call('GET', '/v1/cashier'),
      app.api.call('GET', '/v1/shifts?limit=100'),
    ]);
    if (isOver) return;
    if (!result.ok) {
      fill(
        root,
        h('h1', {}, t('shift_title')),
        h('p', { class: 'form-state error', role: 'alert' }, app.explain(result)),
        action(t('retry'), { key: 'F4', test: 'shift-retry', click: () => void load() }),
      );
      return;
    }
    const ours = result.data.items.filter(
      (/** @type {any} */ shift) => shift.terminal_id === app.cashier().terminal.id,
    );
    // The list is of the merchant's latest shifts, where an old one of this till may be missing.
    const open =
      (cashier.ok && cashier.data.shift) || ours.find((/** @type {any} */ shift) => !shift.closed_at);
    if (open) await drawOpen(open);
    else drawNone(ours[0] ?? null);
  }

  /** @param {any} shift */
  async function totals(shift) {
    const payments = [];
    let cursor = '';
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const result = await app.api.call('GET', `/v1/payments?limit=${PAGE}${cursor}`);
      if (!result.ok) break;
      payments.push(
        ...result.data.items.filter(
          (/** @type {any} */ payment) => !payment.terminal_id || payment.terminal_id === shift.terminal_id,
        ),
      );
      const last = result.data.items[result.data.items.length - 1];
      const isBefore = last && Date.parse(last.created_at) < Date.parse(shift.opened_at);
      if (!result.data.next_cursor || isBefore)
        return {
          totals: totalsByTender(payments, shift.opened_at, shift.closed_at ?? null),
          isPartial: false,
        };
      cursor = `&cursor=${encodeURIComponent(result.data.next_cursor)}`;
    }
    return { totals: totalsByTender(payments, shift.opened_at, shift.closed_at ?? null), isPartial: true };
  }

  /** @param {any} shift @param {{ totals: import('./drawer.js').TenderTotal[], isPartial: boolean }} sums */
  function figures(shift, sums) {
    const figure = (/** @type {string} */ name, /** @type {number} */ fen, /** @type {string} */ kind = '') =>
      h(
        'div',
        { class: `figure ${kind}` },
        h('dt', {}, t(name)),
        h('dd', { 'data-test': name.replace('_', '-') }, formatMoney(fen)),
      );
    const isClosed = Boolean(shift.closed_at);
    const difference = shift.difference_fen ?? 0;
    const kind = difference === 0 ? 'even' : difference > 0 ? 'over' : 'short';
    return [
      h(
        'dl',
        { class: 'figures' },
        figure('shift_float', shift.float_fen),
        figure('shift_taken', shift.taken_fen),
        figure('shift_returned', shift.returned_fen),
        figure('shift_expected', shift.expected_fen, 'strong'),
        isClosed && figure('shift_counted', shift.counted_fen),
        isClosed &&
          h(
            'div',
            { class: `figure strong ${kind}` },
            h('dt', {}, t('shift_difference')),
            h(
              'dd',
              { 'data-test': 'shift-difference' },
              `${difference > 0 ? '+' : ''}${formatMoney(difference)} `,
              h('small', {}, t(`shift_${kind}`)),
            ),
          ),
      ),
      sums.totals.length > 0 &&
        h(
          'table',
          { class: 'totals', 'data-test': 'shift-totals' },
          h('caption', {}, t('shift_by_tender')),
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              ['col_tender', 'shift_count', 'shift_amount', 'shift_back'].map((name) =>
                h('th', { scope: 'col' }, t(name)),
              ),
            ),
          ),
          h(
            'tbody',
            {},
            sums.totals.map((total) =>
              h(
                'tr',
                {},
                h('th', { scope: 'row' }, t(total.tender)),
                h('td', {}, total.count),
                h('td', {}, formatMoney(total.taken_fen)),
                h('td', {}, formatMoney(total.returned_fen)),
              ),
            ),
          ),
        ),
      sums.isPartial && h('p', { class: 'quiet' }, t('shift_partial', { n: PAGE * PAGES_MAX })),
    ];
  }

  /** @param {any} shift */
  async function drawOpen(shift) {
    const sums = await totals(shift);
    if (isOver) return;
    fill(
      root,
      h(
        'div',
        { class: 'page-head' },
        h('h1', { tabindex: '-1', 'data-focus': true }, t('shift_title')),
        h(
          'p',
          { class: 'quiet' },
          `${t('shift_by')} ${shift.opened_by} · ${t('shift_since')} ${app.time(shift.opened_at)}`,
        ),
      ),
      h(
        'div',
        { class: 'page-actions' },
        action(t('shift_close'), {
          key: 'F1',
          test: 'shift-close',
          kind: 'primary',
          click: () => count(shift),
        }),
        action(t('shift_print'), {
          key: 'F6',
          test: 'shift-print',
          click: () => printShift(app, shift, sums.totals),
        }),
        action(t('refresh'), { key: 'F4', test: 'shift-refresh', click: () => void load() }),
      ),
      figures(shift, sums),
    );
    focusHead();
  }

  /** @param {any} shift @param {any} before */
  async function drawClosed(shift, before) {
    const sums = await totals(shift);
    if (isOver) return;
    fill(
      root,
      h(
        'div',
        { class: 'page-head' },
        h(
          'h1',
          { tabindex: '-1', 'data-focus': true, 'data-test': 'shift-closed' },
          t(before ? 'shift_last' : 'shift_closed_title'),
        ),
        h(
          'p',
          { class: 'quiet' },
          `${t('shift_by')} ${shift.closed_by} · ${t('shift_closed_at')} ${app.time(shift.closed_at)}`,
        ),
      ),
      h(
        'div',
        { class: 'page-actions' },
        action(t('shift_print'), {
          key: 'F6',
          test: 'shift-print',
          click: () => printShift(app, shift, sums.totals),
        }),
        action(t('shift_done'), { key: 'Escape', test: 'shift-done', click: () => void load() }),
      ),
      figures(shift, sums),
    );
    focusHead();
  }

  /** @param {any} last */
  function drawNone(last) {
    const staff = app.session.staff();
    const float = h('input', {
      id: 'float',
      'data-test': 'float',
      'data-focus': true,
      inputmode: 'decimal',
      autocomplete: 'off',
      class: 'big',
      placeholder: '0.00',
    });
    const by = h('input', {
      id: 'opened-by',
      'data-test': 'opened-by',
      'data-scan': 'any',
      autocomplete: 'off',
      maxlength: 20,
      value: app.store.preferences().opened_by,
    });
    const state = h('p', { class: 'form-state error', role: 'alert' });
    async function open() {
      const fen = float.value.trim() === '' ? 0 : parseYuan(float.value);
      const name = staff ? `${staff.staff_no} ${staff.name}` : by.value.trim();
      if (fen === null || !name) {
        fill(state, t(fen === null ? 'shift_float_bad' : 'shift_by_fill'));
        (fen === null ? float : by).focus();
        return;
      }
      if (!staff) app.store.keepPreferences({ opened_by: name });
      const result = await withRight(app, 'shift', (token) =>
        app.patiently('POST', '/v1/shifts', { opened_by: name, float_fen: fen }, token),
      );
      if (result === null) return;
      // A lost answer and its repeat end so, too: the list shows which shift is open.
      if (!result.ok && result.code !== 'shift_open') fill(state, app.explain(result));
      else await load();
    }
    fill(
      root,
      h('div', { class: 'page-head' }, h('h1', {}, t('shift_title'))),
      h('p', {}, t('shift_none')),
      h(
        'div',
        { class: 'form-card plain-card' },
        h('div', { class: 'field' }, h('label', { for: 'float' }, t('shift_float')), float),
        staff
          ? h('p', { class: 'quiet' }, `${t('shift_by')} ${staff.staff_no} ${staff.name}`)
          : h('div', { class: 'field' }, h('label', { for: 'opened-by' }, t('shift_by')), by),
        state,
        action(t('shift_open'), {
          key: 'Enter',
          test: 'shift-open',
          kind: 'primary',
          click: () => void open(),
        }),
      ),
      last &&
        action(t('shift_last'), { key: 'F6', test: 'shift-last', click: () => void drawClosed(last, true) }),
    );
    float.focus();
  }

  /** @param {any} shift */
  function count(shift) {
    const pieces = DENOMINATIONS_FEN.map((fen) =>
      h('input', {
        id: `pieces-${fen}`,
        'data-test': `pieces-${fen}`,
        inputmode: 'numeric',
        autocomplete: 'off',
        maxlength: 5,
        placeholder: '0',
        on: { input: () => add() },
      }),
    );
    pieces[0].dataset.focus = '';
    const sums = DENOMINATIONS_FEN.map(() => h('span', { class: 'piece-sum' }));
    const total = h('input', {
      id: 'counted',
      'data-test': 'counted',
      inputmode: 'decimal',
      autocomplete: 'off',
      class: 'big',
      on: { input: () => compare() },
    });
    const state = h('p', { class: 'difference', role: 'status', 'data-test': 'count-difference' });
    function add() {
      const counts = pieces.map((input) => (/^\d+$/.test(input.value.trim()) ? Number(input.value) : 0));
      counts.forEach((some, at) => {
        sums[at].textContent = some ? formatMoney(some * DENOMINATIONS_FEN[at]) : '';
      });
      total.value = formatYuan(countedFen(counts)).replace(/,/g, '');
      compare();
    }
    function compare() {
      const fen = parseYuan(total.value);
      if (fen === null) {
        fill(state, '');
        return;
      }
      const difference = fen - shift.expected_fen;
      const kind = difference === 0 ? 'even' : difference > 0 ? 'over' : 'short';
      state.className = `difference ${kind}`;
      fill(
        state,
        `${t('shift_expected')} ${formatMoney(shift.expected_fen)} · ${t('shift_difference')} `,
        h('b', {}, `${difference > 0 ? '+' : ''}${formatMoney(difference)} ${t(`shift_${kind}`)}`),
      );
    }
    async function send() {
      const fen = parseYuan(total.value);
      if (fen === null) {
        app.toast(t('part_missing'), 'error');
        total.focus();
        return;
      }
      const staff = app.session.staff();
      const name = staff ? `${staff.staff_no} ${staff.name}` : shift.opened_by;
      close();
      const result = await withRight(app, 'shift', (token) =>
        app.patiently('POST', `/v1/shifts/${shift.id}/close`, { closed_by: name, counted_fen: fen }, token),
      );
      if (result === null) return;
      if (result.ok) await drawClosed(result.data, false);
      else {
        app.toast(app.explain(result), 'error');
        await load();
      }
    }
    const { dialog, close } = openDialog({
      title: t('shift_count_title'),
      test: 'count-dialog',
      wide: true,
      body: [
        h('p', {}, t('shift_count_text')),
        h(
          'div',
          { class: 'pieces' },
          DENOMINATIONS_FEN.map((fen, at) =>
            h(
              'div',
              { class: 'piece' },
              h(
                'label',
                { for: `pieces-${fen}`, 'aria-label': t('shift_pieces', { n: shortYuan(fen) }) },
                `¥${shortYuan(fen)} ×`,
              ),
              pieces[at],
              sums[at],
            ),
          ),
        ),
        h('div', { class: 'field' }, h('label', { for: 'counted' }, t('shift_total')), total),
        state,
      ],
      actions: [
        action(t('back'), { key: 'Escape', test: 'count-back', click: () => close() }),
        action(t('shift_close_go'), {
          key: 'Enter',
          test: 'count-go',
          kind: 'primary',
          click: () => void send(),
        }),
      ],
    });
    // Enter goes from note to note; at the total it closes the shift.
    dialog.addEventListener('keydown', (event) => {
      const at = pieces.indexOf(/** @type {any} */ (event.target));
      const move = event.key === 'Enter' || event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
      if (at < 0 || move === 0) return;
      event.preventDefault();
      event.stopPropagation();
      const next = at + move < 0 ? pieces[0] : (pieces[at + move] ?? total);
      next.focus();
      next.select();
    });
  }

  function focusHead() {
    if (document.activeElement === document.body || root.contains(document.activeElement))
      /** @type {HTMLElement | null} */ (root.querySelector('[data-focus]'))?.focus();
  }

  void load();
  return {
    root,
    close: () => {
      isOver = true;
    },
  };
}
