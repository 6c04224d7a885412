/**
 * Who stands at the till, and who allows one act to somebody else.
 */
import { fill, h } from './dom.js';
import { action } from './shortcuts.js';
import { openDialog } from './layers.js';

/** @param {import('./till.js').App} app */
function fields(app) {
  const number = h('input', {
    id: 'staff-no',
    'data-test': 'staff-no',
    'data-focus': true,
    'data-scan': 'any',
    inputmode: 'numeric',
    autocomplete: 'off',
    maxlength: 16,
  });
  const pin = h('input', {
    id: 'staff-pin',
    'data-test': 'staff-pin',
    'data-scan': 'any',
    type: 'password',
    inputmode: 'numeric',
    autocomplete: 'off',
    maxlength: 32,
  });
  const state = h('p', { class: 'form-state error', role: 'alert', 'data-test': 'staff-state' });
  return {
    number,
    pin,
    state,
    nodes: [
      h('div', { class: 'field' }, h('label', { for: 'staff-no' }, app.t('sign_no')), number),
      h('div', { class: 'field' }, h('label', { for: 'staff-pin' }, app.t('sign_pin')), pin),
      state,
    ],
    /** @returns {{ number: string, pin: string } | null} The PIN leaves the page with it. */
    take() {
      const given = { number: number.value.trim(), pin: pin.value };
      // Enter in the number's field goes on to the PIN.
      if (given.number && !given.pin) {
        pin.focus();
        fill(state, document.activeElement === pin ? '' : app.t('sign_fill'));
        return null;
      }
      if (!given.number) {
        fill(state, app.t('sign_fill'));
        number.focus();
        return null;
      }
      pin.value = '';
      return given;
    },
  };
}

/**
 * @param {import('./till.js').App} app
 * @param {() => void} done
 */
export function signInView(app, done) {
  const { t } = app;
  const form = fields(app);
  const go = action(t('sign_go'), {
    key: 'Enter',
    test: 'sign-in',
    kind: 'primary',
    click: () => void signIn(),
  });

  async function signIn() {
    const given = form.take();
    if (!given) return;
    go.disabled = true;
    fill(form.state, t('sign_busy'));
    const result = await app.session.signIn(given.number, given.pin);
    go.disabled = false;
    if (result.ok) {
      done();
      return;
    }
    fill(form.state, app.explain(result));
    form.pin.focus();
  }

  // Payments need nobody; what needs a right will ask for somebody who has it.
  const skip = action(t('sign_skip'), {
    key: 'F2',
    test: 'sign-in-skip',
    small: t('sign_skip_small'),
    click: () => {
      app.session.skip();
      done();
    },
  });
  const root = h(
    'section',
    { class: 'form-page', 'data-test': 'sign-in-page' },
    h(
      'div',
      { class: 'form-card' },
      h('h1', {}, t('sign_title')),
      h('p', { class: 'quiet' }, `${app.cashier().store.name} · ${app.cashier().terminal.name}`),
      form.nodes,
      go,
      skip,
    ),
  );
  return { root };
}

/**
 * Does what needs a right: with the cashier's own, or with a supervisor's for this once.
 *
 * @param {import('./till.js').App} app
 * @param {import('./staff.js').Right} right
 * @param {(token?: string) => Promise<any>} act
 * @returns {Promise<any>} What the act answered; null when nobody allowed it.
 */
export async function withRight(app, right, act) {
  if (!app.cashier().staff_needed || app.session.may(right)) {
    const result = await act();
    if (result.ok || result.code !== 'staff_right_missing') return result;
  }
  return new Promise((resolve) => {
    const { t } = app;
    const form = fields(app);
    /** @type {any} */
    let answer = null;
    const go = action(t('auth_go'), {
      key: 'Enter',
      test: 'authorise',
      kind: 'primary',
      click: () => void authorise(),
    });
    async function authorise() {
      const given = form.take();
      if (!given) return;
      go.disabled = true;
      fill(form.state, t('sign_busy'));
      const result = await app.session.once(given.number, given.pin, right, act);
      go.disabled = false;
      if (!result.ok && ['staff_unknown', 'staff_locked', 'staff_right_missing'].includes(result.code)) {
        fill(form.state, app.explain(result));
        form.pin.focus();
        return;
      }
      answer = result;
      close();
    }
    const { close } = openDialog({
      title: t(app.session.staff() ? 'auth_title' : 'auth_title_nobody'),
      test: 'authorise-dialog',
      closed: () => resolve(answer),
      body: [
        h('p', {}, t(app.session.staff() ? 'auth_text' : 'auth_text_nobody', { right: t(`right_${right}`) })),
        form.nodes,
      ],
      actions: [action(t('cancel'), { key: 'Escape', test: 'authorise-cancel', click: () => close() }), go],
    });
  });
}
