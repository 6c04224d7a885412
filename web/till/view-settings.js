/**
 * What may be set on this device, and what it is.
 */
import { h } from './dom.js';
import { action } from './shortcuts.js';
import { devicePrinter } from './receipt.js';
import { say } from './voice.js';

/** @param {import('./till.js').App} app */
export function settingsView(app) {
  const { t, store } = app;
  const { terminal, store: shop, merchant } = app.cashier();
  const preferences = store.preferences();
  const toggle = (
    /** @type {'voice' | 'auto_receipt'} */ name,
    /** @type {string} */ words,
    /** @type {string} */ key,
  ) => {
    const button = action(t(words), {
      key,
      test: `set-${name}`,
      kind: 'toggle',
      small: t(preferences[name] ? 'set_on' : 'set_off'),
      click() {
        store.keepPreferences({ [name]: !store.preferences()[name] });
        app.go('settings');
        /** @type {HTMLElement | null} */ (document.querySelector(`[data-test="set-${name}"]`))?.focus();
      },
    });
    button.setAttribute('aria-pressed', String(preferences[name]));
    return button;
  };
  const fact = (/** @type {string} */ name, /** @type {string} */ value) =>
    h('div', {}, h('dt', {}, t(name)), h('dd', {}, value));
  const key = (/** @type {string} */ keys, /** @type {string} */ what) =>
    h('div', {}, h('dt', {}, h('kbd', {}, keys)), h('dd', {}, t(what)));
  const staff = app.session.staff();
  const root = h(
    'section',
    { class: 'page', 'data-test': 'settings' },
    h('h1', { tabindex: '-1', 'data-focus': true }, t('set_title')),
    h(
      'div',
      { class: 'toggles' },
      app.cashier().settings.voice && toggle('voice', 'set_voice', 'F1'),
      toggle('auto_receipt', 'set_auto', 'F2'),
      app.cashier().settings.voice &&
        action(t('set_voice_try'), {
          key: 'F3',
          test: 'voice-try',
          click: () => {
            if (!say(t('voice_paid', { tender: t('alipay'), amount: '28' }), app.words.language()))
              app.toast(t('set_no_voice'), 'plain');
          },
        }),
      action(t('other_language'), { key: 'Alt+L', test: 'set-language', click: () => app.switchLanguage() }),
    ),
    h('h2', {}, t('set_device')),
    h(
      'dl',
      { class: 'facts' },
      fact('set_merchant', merchant.name),
      fact('set_store', shop.name),
      fact('set_terminal', `${terminal.name} · ${terminal.id}`),
      fact('set_key', app.keyId()),
      fact('set_staff', staff ? `${staff.staff_no} ${staff.name}` : t('set_nobody')),
      fact('set_printer', t(devicePrinter() ? 'set_printer_device' : 'set_printer_browser')),
    ),
    h('h2', {}, t('set_keys')),
    h(
      'dl',
      { class: 'facts keys' },
      key('0–9  .', 'help_digits'),
      key('⏎', 'help_enter'),
      key('Esc', 'help_esc'),
      key('F1–F9', 'help_f'),
      key('⇧F1–⇧F6', 'help_quick'),
      key('Alt 1–4', 'help_nav'),
      key('Alt L', 'help_language'),
      key('Alt Q', 'sign_out'),
    ),
    h('p', { class: 'quiet' }, t('help_scan')),
  );
  return { root };
}
