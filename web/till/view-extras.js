/**
 * The tip and the remark, in dialogs of their own.
 */
import { h } from './dom.js';
import { formatMoney, formatYuan, parseYuan, percentNearest } from './money.js';
import { action } from './shortcuts.js';
import { openDialog } from './layers.js';
import { remarkFits } from './attach.js';

const PERCENTS_MAX = 6;

/**
 * @param {import('./till.js').App} app
 * @param {number} amountFen
 * @param {number} tipFen
 * @param {(fen: number) => void} done
 */
export function openTip(app, amountFen, tipFen, done) {
  const { t } = app;
  const { settings } = app.cashier();
  const field = h('input', {
    id: 'tip-amount',
    'data-test': 'tip-amount',
    'data-focus': true,
    inputmode: 'decimal',
    autocomplete: 'off',
    value: tipFen ? formatYuan(tipFen) : '',
  });
  const take = (/** @type {number} */ fen) => {
    close();
    done(fen);
  };
  const percents = settings.tips.percents
    .slice(0, PERCENTS_MAX)
    .map((/** @type {number} */ percent, /** @type {number} */ at) => {
      const fen = percentNearest(amountFen, percent);
      return action(t('tip_of', { percent }), {
        key: `F${at + 1}`,
        test: `tip-${percent}`,
        kind: 'choice',
        small: formatMoney(fen),
        disabled: fen === 0,
        click: () => take(fen),
      });
    });
  const { close } = openDialog({
    title: t('tip_title'),
    test: 'tip-dialog',
    body: [
      h('div', { class: 'choices' }, percents),
      h('label', { for: 'tip-amount' }, t('tip_custom')),
      field,
    ],
    actions: [
      action(t('cancel'), { key: 'Escape', test: 'tip-cancel', click: () => close() }),
      action(t('tip_none'), { key: 'Delete', test: 'tip-none', click: () => take(0) }),
      action(t('ok'), {
        key: 'Enter',
        test: 'tip-ok',
        kind: 'primary',
        click() {
          const fen = field.value.trim() === '' ? 0 : parseYuan(field.value);
          if (fen === null || amountFen + fen > settings.amount_fen_max)
            app.toast(t('above_max', { max: formatMoney(settings.amount_fen_max) }), 'error');
          else take(fen);
        },
      }),
    ],
  });
}

/**
 * @param {import('./till.js').App} app
 * @param {string} remark
 * @param {number} tipFen
 * @param {(remark: string) => void} done
 */
export function openRemark(app, remark, tipFen, done) {
  const { t } = app;
  const field = h('input', {
    id: 'remark-text',
    'data-test': 'remark-text',
    'data-focus': true,
    'data-scan': 'any',
    autocomplete: 'off',
    maxlength: 60,
    value: remark,
  });
  const { close } = openDialog({
    title: t('remark_title'),
    test: 'remark-dialog',
    body: [h('label', { for: 'remark-text' }, t('remark_field')), field],
    actions: [
      action(t('cancel'), { key: 'Escape', test: 'remark-cancel', click: () => close() }),
      action(t('ok'), {
        key: 'Enter',
        test: 'remark-ok',
        kind: 'primary',
        click() {
          const text = field.value.trim();
          // A tip that is chosen later must still fit beside it.
          if (!remarkFits(text, tipFen || app.cashier().settings.amount_fen_max)) {
            app.toast(t('remark_long'), 'error');
            return;
          }
          close();
          done(text);
        },
      }),
    ],
  });
}
