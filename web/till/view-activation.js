/**
 * The first start, and the one after a revoked key: a code makes this device a terminal.
 */
import { h, fill } from './dom.js';
import { action } from './shortcuts.js';
import { canKeepKeys, keepActivated, pendingKey, SCHEME } from './keys.js';

const RETRY_MS = [1000, 2000, 4000, 8000];

/**
 * `7k3m9qxt2b4f` as `7K3M-9QXT-2B4F`.
 *
 * @param {string} text
 */
export function tidyCode(text) {
  const plain = text
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, '')
    .slice(0, 12);
  return (plain.match(/.{1,4}/g) ?? []).join('-');
}

/**
 * @param {import('./till.js').App} app
 * @param {{ revoked: boolean, done: () => void }} given
 */
export function activationView(app, { revoked, done }) {
  const { t } = app;
  const field = h('input', {
    id: 'activation-code',
    'data-test': 'activation-code',
    'data-focus': true,
    'data-scan': 'any',
    class: 'code',
    autocomplete: 'off',
    autocapitalize: 'characters',
    spellcheck: 'false',
    maxlength: 14,
    placeholder: 'XXXX-XXXX-XXXX',
    on: { input: tidy },
  });
  const state = h('p', { class: 'form-state', role: 'alert', 'data-test': 'activation-state' });
  const go = action(t('act_go'), {
    key: 'Enter',
    test: 'activate',
    kind: 'primary',
    click: () => void activate(),
  });
  let isOver = false;

  function tidy() {
    const isAtEnd = field.selectionStart === field.value.length;
    if (isAtEnd) field.value = tidyCode(field.value);
  }

  /** @param {string} words @param {boolean} isError */
  function tell(words, isError) {
    state.className = `form-state ${isError ? 'error' : ''}`;
    fill(state, words);
  }

  async function activate() {
    const code = tidyCode(field.value);
    if (code.length !== 14) {
      tell(t('act_code_bad'), true);
      field.focus();
      return;
    }
    go.disabled = true;
    tell(t('act_busy'), false);
    try {
      const key = await pendingKey();
      const result = await ask({ code, scheme: SCHEME, public_key: key.public_pem });
      if (result?.ok) {
        const { key_id, ...about } = result.data;
        await keepActivated(key, key_id, about);
        done();
        return;
      }
      if (result) tell(app.explain(result), true);
    } catch {
      tell(t('act_no_crypto'), true);
    } finally {
      go.disabled = false;
    }
    if (field.isConnected) field.focus();
  }

  /** The same key and the same code until somebody answers. @param {any} body */
  async function ask(body) {
    for (let tries = 0; !isOver; tries += 1) {
      const result = await app.api.callUnsigned('/activations', body);
      if (result.ok || result.kind === 'refused' || result.code === 'rate_limited') return result;
      tell(t('act_repeat'), true);
      await new Promise((resolve) => {
        setTimeout(resolve, RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]);
      });
    }
    return null;
  }

  const root = h(
    'section',
    { class: 'form-page', 'data-test': 'activation' },
    h(
      'div',
      { class: 'form-card' },
      h('h1', {}, t(revoked ? 'act_revoked_title' : 'act_title')),
      h(
        'p',
        { class: revoked ? 'notice' : '', 'data-test': 'activation-intro' },
        t(revoked ? 'act_revoked' : 'act_intro'),
      ),
      canKeepKeys()
        ? [
            h('div', { class: 'field' }, h('label', { for: 'activation-code' }, t('act_code')), field),
            state,
            go,
            h('p', { class: 'quiet' }, t('act_key_note')),
          ]
        : h('p', { class: 'form-state error', role: 'alert' }, t('act_no_crypto')),
    ),
  );
  return {
    root,
    close: () => {
      isOver = true;
    },
  };
}
