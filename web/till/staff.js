/**
 * Who stands at the till. The token lives as long as the browser's tab; the PIN is handed on and
 * never kept.
 *
 * @typedef {'refund' | 'void' | 'shift'} Right
 * @typedef {{ staff_no: string, name: string, rights: Right[], token: string, expires_at: string }} Staff
 */

const KEPT_AS = 'suanpan.till.staff';

/**
 * @param {{ call: (method: string, path: string, body?: any, as?: { staff?: string }) => Promise<any>,
 *   storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>, now_ms: () => number }} given
 */
export function makeSession({ call, storage, now_ms }) {
  /** @type {Staff | null} */
  let staff = read();

  /** Somebody said that he only takes payments. It lasts as long as the page. */
  let isSkipped = false;

  /** @returns {Staff | null} */
  function read() {
    try {
      const kept = JSON.parse(storage.getItem(KEPT_AS) ?? 'null');
      return kept && Date.parse(kept.expires_at) > now_ms() ? kept : null;
    } catch {
      return null;
    }
  }

  /** @param {Staff | null} next */
  function keep(next) {
    staff = next;
    if (next) storage.setItem(KEPT_AS, JSON.stringify(next));
    else storage.removeItem(KEPT_AS);
  }

  /** @param {string} staff_no @param {string} pin */
  const ask = (staff_no, pin) => call('POST', '/v1/staff/sign-in', { staff_no, pin });

  return {
    staff: () => staff,
    token: () => staff?.token ?? null,
    /** Whether there is somebody, or nobody on purpose. */
    isSettled: () => staff !== null || isSkipped,
    skip() {
      isSkipped = true;
    },
    /** The page asks again who is there. */
    ask() {
      isSkipped = false;
    },
    /** @param {string} staffNo @param {string} pin */
    async signIn(staffNo, pin) {
      const result = await ask(staffNo, pin);
      if (result.ok) keep(result.data);
      return result;
    },
    /** Leaves the till even when the platform cannot be told: the token ends by itself. */
    async signOut() {
      if (staff) await call('POST', '/v1/staff/sign-out', {});
      keep(null);
    },
    /** The platform does not know the token any more. */
    forget: () => keep(null),
    /** @param {Right} right */
    may: (right) => Boolean(staff?.rights.includes(right)),
    /**
     * A supervisor allows one act. The token is forgotten after it, not signed out: that would sign
     * the supervisor out at every till. The cashier's own session stays.
     *
     * @param {string} staffNo
     * @param {string} pin
     * @param {Right} right
     * @param {(token: string) => Promise<any>} act
     */
    async once(staffNo, pin, right, act) {
      const result = await ask(staffNo, pin);
      if (!result.ok) return result;
      const { token, rights } = result.data;
      if (!rights.includes(right))
        return { ok: false, kind: 'refused', status: 403, code: 'staff_right_missing', message: '' };
      return await act(token);
    },
  };
}
