/**
 * The sale: the amount, the tenders, and the running rest of an order that is paid in parts.
 */
import { fill, h } from './dom.js';
import { formatMoney, formatYuan, shortYuan } from './money.js';
import { typedFen, typeKey } from './amount.js';
import { cutDescription, writeAttach } from './attach.js';
import { action } from './shortcuts.js';
import { confirm, keepFocus } from './layers.js';
import { buttonsOf } from './tenders.js';
import { isUnknown, paidFen, partsOf, phaseOf, restFen, totalFen } from './sale.js';
import { openRemark, openTip } from './view-extras.js';
import { openTender } from './view-tender.js';
import { closedView, paidView } from './view-result.js';

const KEYPAD = ['7', '8', '9', '4', '5', '6', '1', '2', '3', '00', '0', '.'];
/** F1 to F6 with Shift. */
const QUICK_MAX = 6;
const TICK_MS = 1000;
/** A scan gun's digits look like too large an amount until they prove to be a code. */
const WARN_MS = 200;

/** @param {import('./till.js').App} app */
export function saleView(app) {
  const { t, desk } = app;
  const root = h('div', { class: 'sale', 'data-test': 'sale' });
  // What is typed before the sale begins, and within it the amount of the next part.
  let typed = '';
  let tip_fen = 0;
  let remark = '';
  let waitingSince = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let warning;
  const ticker = setInterval(tick, TICK_MS);

  const settings = () => app.cashier().settings;
  const sale = () => desk.sale();

  /** The most that may be typed now. */
  function fenMax() {
    const now = sale();
    return now ? restFen(now) : settings().amount_fen_max - tip_fen;
  }

  /** @param {string} key */
  function type(key) {
    const result = typeKey(typed, key, fenMax());
    clearTimeout(warning);
    if (result.refused)
      warning = setTimeout(
        () =>
          app.toast(
            sale()
              ? t('part_above', { amount: formatMoney(fenMax()) })
              : t('above_max', { max: formatMoney(settings().amount_fen_max) }),
            'error',
          ),
        WARN_MS,
      );
    typed = result.text;
    drawAmount();
  }

  /** @returns {boolean} Whether there is a sale with an amount, begun now if need be. */
  function begun() {
    if (sale()) return true;
    const amount_fen = typedFen(typed);
    if (amount_fen === 0) {
      app.toast(t('amount_first'), 'error');
      return false;
    }
    const description = cutDescription(`${app.cashier().store.name} ${t('sale_plain')}`);
    // From here on what is typed is the amount of a part.
    typed = '';
    desk.begin({ amount_fen, tip_fen, description, attach: writeAttach(tip_fen, remark) });
    return true;
  }

  /** The amount of the next part: what is typed, or all that is left. */
  function partFen() {
    const now = sale();
    return now ? Math.min(typedFen(typed) || restFen(now), restFen(now)) : 0;
  }

  /** @param {import('./tenders.js').Way} way */
  function choose(way) {
    if (!begun()) return;
    if (phaseOf(/** @type {any} */ (sale())) !== 'tender') return;
    const isPart = typedFen(typed) > 0 && partFen() < restFen(/** @type {any} */ (sale()));
    openTender(app, way, partFen(), isPart);
  }

  /** A payer's code pays what is typed, or all that is left. @param {string} code */
  function take(code) {
    const now = sale();
    if (now && phaseOf(now) !== 'tender') {
      app.toast(t(['paid', 'closed'].includes(phaseOf(now)) ? 'code_no_sale' : 'code_busy'), 'error');
      return;
    }
    if (!app.refusesCode(code) && begun())
      app.desk.pay({ way: 'scan', amount_fen: partFen(), means: {} }, code);
  }

  function backToAmount() {
    const now = sale();
    if (!now || now.payment || now.request) return;
    typed = formatYuan(now.amount_fen).replace(/,/g, '').replace(/\.00$/, '');
    desk.giveUp();
  }

  function reset() {
    typed = '';
    tip_fen = 0;
    remark = '';
  }

  async function giveUp() {
    const now = sale();
    if (!now) return;
    const paid = paidFen(now);
    const text = paid ? t('give_up_text', { paid: formatMoney(paid) }) : t('give_up_text_none');
    const yes = await confirm({
      title: t('give_up_title'),
      text,
      yes: t('give_up_yes'),
      no: t('give_up_no'),
      kind: 'danger',
      test: 'give-up',
    });
    if (yes) desk.giveUp();
  }

  async function setAside() {
    const yes = await confirm({
      title: t('set_aside_title'),
      text: t('set_aside_text'),
      yes: t('set_aside_yes'),
      no: t('back'),
      test: 'set-aside',
    });
    if (!yes) return;
    reset();
    desk.setAside();
    app.asideChanged();
  }

  // Drawing.

  function drawAmount() {
    const field = /** @type {HTMLInputElement | null} */ (root.querySelector('[data-test="amount"]'));
    if (!field) return;
    const now = sale();
    const offered = now && phaseOf(now) === 'tender' ? restFen(now) : now ? totalFen(now) : 0;
    field.value = typed || formatYuan(offered).replace(/,/g, '');
    field.classList.toggle('untyped', typed === '');
    const collect = /** @type {HTMLButtonElement | null} */ (root.querySelector('[data-test="collect"]'));
    if (collect && !now) collect.disabled = typedFen(typed) === 0;
  }

  function keypad() {
    const now = sale();
    const waits = now !== null && phaseOf(now) !== 'tender';
    const digit = (/** @type {string} */ key) =>
      h(
        'button',
        {
          type: 'button',
          class: 'key',
          tabindex: '-1',
          'data-test': `key-${key === '.' ? 'point' : key}`,
          disabled: waits,
          on: { click: () => type(key), pointerdown: (/** @type {Event} */ event) => event.preventDefault() },
        },
        key,
      );
    return h(
      'div',
      { class: 'keypad', role: 'group', 'aria-label': t('keypad') },
      h('div', { class: 'digits' }, KEYPAD.map(digit)),
      h(
        'div',
        { class: 'pad-side' },
        action(t('erase'), {
          key: 'Backspace',
          test: 'erase',
          kind: 'stay side',
          disabled: waits,
          click: () => type('Backspace'),
        }),
        action(t('clear'), {
          key: now ? 'Delete' : 'Escape',
          test: 'clear',
          kind: 'stay side',
          disabled: waits,
          click: () => {
            if (now) type('Clear');
            else {
              reset();
              draw();
            }
          },
        }),
        now
          ? action(t(`way_${buttonsOf(settings().tenders)[0]?.way ?? 'cash'}`), {
              key: 'Enter',
              test: 'collect',
              kind: 'primary stay side collect',
              disabled: waits,
              click: () => choose(buttonsOf(settings().tenders)[0]?.way ?? 'cash'),
            })
          : action(t('collect'), {
              key: 'Enter',
              test: 'collect',
              kind: 'primary stay side collect',
              disabled: typedFen(typed) === 0,
              click: () => {
                if (begun()) draw();
              },
            }),
      ),
    );
  }

  function display() {
    const now = sale();
    const tip = now ? now.tip_fen : tip_fen;
    return h(
      'div',
      { class: 'display' },
      h('label', { for: 'amount' }, t(now && phaseOf(now) === 'tender' ? 'part_amount' : 'amount')),
      h(
        'div',
        { class: 'amount-line' },
        h('span', { class: 'yen', 'aria-hidden': 'true' }, '¥'),
        // The keys are heard by the page, so the field opens no keyboard on a touch screen.
        h('input', {
          id: 'amount',
          'data-test': 'amount',
          'data-pad': true,
          'data-focus': true,
          inputmode: 'none',
          autocomplete: 'off',
          readonly: true,
          class: 'amount',
        }),
      ),
      h(
        'p',
        { class: 'display-note', 'data-test': 'amount-note' },
        [
          tip ? t('with_tip', { tip: formatMoney(tip) }) : '',
          remark && !now ? `${t('remark')}: ${remark}` : '',
        ]
          .filter(Boolean)
          .join(' · ') || (!now ? t('amount_hint') : phaseOf(now) === 'tender' ? t('one_part_hint') : ''),
      ),
    );
  }

  function extras() {
    if (sale()) return null;
    const quick = settings()
      .quick_amounts_fen.slice(0, QUICK_MAX)
      .map((/** @type {number} */ fen, /** @type {number} */ at) =>
        action(shortYuan(fen), {
          key: `Shift+F${at + 1}`,
          test: `quick-${fen}`,
          kind: 'stay quick',
          click: () => {
            typed = shortYuan(fen);
            draw();
          },
        }),
      );
    const tip =
      settings().tips.on &&
      action(tip_fen ? `${t('tip')} ${formatMoney(tip_fen)}` : t('tip'), {
        key: 'Alt+T',
        test: 'tip',
        kind: 'quick',
        click: () =>
          openTip(app, typedFen(typed), tip_fen, (fen) => {
            tip_fen = fen;
            draw();
          }),
      });
    const note =
      settings().remark &&
      action(t('remark'), {
        key: 'Alt+B',
        test: 'remark',
        kind: 'quick',
        click: () =>
          openRemark(app, remark, tip_fen, (text) => {
            remark = text;
            draw();
          }),
      });
    return h(
      'div',
      { class: 'extras' },
      h('div', { class: 'extra-row', role: 'group', 'aria-label': t('quick') }, quick),
      (tip || note) && h('div', { class: 'extra-row' }, tip, note),
    );
  }

  function tenders() {
    const now = sale();
    const open = !now || phaseOf(now) === 'tender';
    const buttons = buttonsOf(settings().tenders);
    return h(
      'section',
      { class: 'tenders', 'aria-label': t('tenders') },
      h('h2', {}, t(now ? 'choose_tender' : 'tenders')),
      h(
        'div',
        { class: 'tender-grid' },
        buttons.map(({ way, channels }, at) =>
          action(t(`way_${way}`), {
            key: `F${at + 1}`,
            test: `tender-${way}`,
            kind: `tender ${way}`,
            disabled: !open,
            click: () => choose(way),
            small:
              channels.length && way === 'scan'
                ? channels.map((channel) => t(channel)).join(' · ')
                : t(`small_${way}`),
          }),
        ),
      ),
    );
  }

  function summary() {
    const now = /** @type {import('./sale.js').Sale} */ (sale());
    const line = (/** @type {string} */ name, /** @type {number} */ fen, /** @type {string} */ kind) =>
      h(
        'div',
        { class: `sum ${kind}` },
        h('dt', {}, t(name)),
        h('dd', { 'data-test': `sum-${name}` }, formatMoney(fen)),
      );
    const parts = now.payment ? partsOf(now.payment) : [];
    const isCombined = Boolean(now.payment?.legs);
    const pending = now.payment?.state === 'paying' ? totalFen(now) - paidFen(now) - restFen(now) : 0;
    const running = parts.find((part) => part.state === 'paying');
    return h(
      'section',
      { class: 'summary', 'aria-label': t('summary') },
      h(
        'dl',
        { class: 'sums' },
        line('due', totalFen(now), ''),
        line('paid', paidFen(now), ''),
        pending > 0 && line('pending', pending, 'pending'),
        line('rest', restFen(now), 'rest'),
      ),
      h('h2', {}, t('parts')),
      parts.length === 0
        ? h('p', { class: 'quiet' }, t('no_parts'))
        : h(
            'ol',
            { class: 'parts', 'data-test': 'parts' },
            parts.map((part) =>
              h(
                'li',
                { class: `part ${part.state}`, 'data-test': `part-${part.leg_no}`, 'data-state': part.state },
                h('span', { class: 'part-name' }, t(part.tender)),
                h('span', { class: `state ${part.state}` }, t(`state_${part.state}`)),
                h('span', { class: 'part-amount' }, formatMoney(part.amount_fen)),
                isCombined &&
                  part.state === 'paying' &&
                  action(t('end_part'), {
                    key: part === running ? 'Alt+C' : undefined,
                    test: `end-part-${part.leg_no}`,
                    kind: 'small',
                    disabled: Boolean(now.request),
                    click: () => desk.endLeg(part.leg_no),
                  }),
              ),
            ),
          ),
      !now.payment &&
        !now.request &&
        h(
          'div',
          { class: 'summary-actions' },
          action(t('back_to_amount'), {
            key: 'Escape',
            test: 'back-to-amount',
            kind: 'small',
            click: backToAmount,
          }),
        ),
      isCombined &&
        now.payment?.state === 'paying' &&
        h(
          'div',
          { class: 'summary-actions' },
          action(t('give_up'), {
            key: 'Escape',
            test: 'give-up',
            kind: 'danger-plain',
            disabled: Boolean(now.request),
            click: () => void giveUp(),
          }),
        ),
    );
  }

  function refusal() {
    const now = sale();
    if (!now?.refusal) return null;
    return h(
      'div',
      { class: 'refusal', role: 'alert', 'data-test': 'refusal', 'data-code': now.refusal.code },
      h('p', {}, app.explain(now.refusal)),
      action(t('dismiss'), { key: 'Alt+K', test: 'dismiss', kind: 'small', click: () => desk.seen() }),
    );
  }

  /** What is going on, said honestly. */
  function progress() {
    const now = /** @type {import('./sale.js').Sale} */ (sale());
    const phase = phaseOf(now);
    const unknown = isUnknown(now);
    const name = unknown ? 'not_known' : phase;
    const canEnd = phase === 'waiting' && !now.payment?.legs;
    return h(
      'section',
      { class: `progress ${unknown ? 'unknown' : ''}`, 'data-test': 'progress', 'data-state': name },
      h('div', { class: 'spinner', 'aria-hidden': 'true' }),
      h(
        'div',
        { role: 'status' },
        h('h2', { tabindex: '-1' }, t(name)),
        h('p', {}, t(`${name}_text`)),
        h('p', { class: 'big-amount' }, formatMoney(now.request?.part?.amount_fen ?? totalFen(now))),
      ),
      h('p', { class: 'quiet', 'data-test': 'waited' }, ''),
      h(
        'div',
        { class: 'progress-actions' },
        canEnd &&
          action(t('cancel_wait'), { key: 'Escape', test: 'cancel-wait', click: () => desk.endLeg(0) }),
        (phase !== 'sending' || unknown) &&
          action(t('set_aside'), { key: 'Alt+H', test: 'set-aside', click: () => void setAside() }),
      ),
    );
  }

  function tick() {
    const place = root.querySelector('[data-test="waited"]');
    if (!place || !waitingSince) return;
    const seconds = Math.floor((Date.now() - waitingSince) / 1000);
    place.textContent = seconds >= 3 ? t('waiting_since', { s: seconds }) : '';
  }

  function draw() {
    const now = sale();
    const phase = now ? phaseOf(now) : 'amount';
    if (phase === 'paid') reset();
    const waits = ['sending', 'waiting', 'closing'].includes(phase);
    waitingSince = waits ? waitingSince || Date.now() : 0;
    root.className = `sale phase-${phase} ${now ? 'begun' : ''}`;
    root.dataset.phase = phase;
    keepFocus(root, () => {
      if (now && phase === 'paid') fill(root, paidView(app, now, next));
      else if (now && phase === 'closed') fill(root, closedView(app, now, next));
      else {
        fill(
          root,
          h('h1', { class: 'hidden' }, t('nav_sale')),
          h('div', { class: 'left' }, display(), extras(), keypad()),
          h('div', { class: 'right' }, now && summary(), refusal(), waits ? progress() : tenders()),
        );
      }
    });
    drawAmount();
    tick();
  }

  function next() {
    reset();
    desk.finish();
    draw();
  }

  let drawn = '';
  /** The desk has news: a new request or answer ends what was typed for the last part. */
  function changed() {
    const now = sale();
    const mark = JSON.stringify(now);
    if (mark === drawn) return;
    const before = drawn ? JSON.parse(drawn) : null;
    drawn = mark;
    if (now?.request && !before?.request) typed = '';
    if (now && typedFen(typed) > restFen(now)) typed = '';
    draw();
  }

  draw();
  return {
    root,
    changed,
    draw,
    close() {
      clearInterval(ticker);
      clearTimeout(warning);
      // Who has seen the result and goes elsewhere comes back to a new sale.
      if (['paid', 'closed'].includes(String(desk.phase()))) desk.finish();
    },
    /** @param {string} code */
    code: take,
    pad: {
      get: () => typed,
      /** @param {string} text */
      set: (text) => {
        clearTimeout(warning);
        typed = text;
        drawAmount();
      },
      /** @param {string} key */
      key(key) {
        const now = sale();
        if (!now || phaseOf(now) === 'tender') type(key);
      },
    },
  };
}
