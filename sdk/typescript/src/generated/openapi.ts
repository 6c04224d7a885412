/** Generated from openapi/suanpan.json by `npm run generate`: do not edit. */

export interface paths {
    "/v1/payments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List payments, the newest first 支付列表
         * @description A till's own key sees the payments of its terminal, and by number those of its store.
         */
        get: operations["listPayments"];
        put?: never;
        /**
         * Take a payment 收款
         * @description An answer in state `paying` is not an error: the channel has not decided. Ask again, or wait for
         *     the notification. The same number with the same content gives the same answer; other content is
         *     refused.
         */
        post: operations["createPayment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payments/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a payment 查询支付 */
        get: operations["getPayment"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payments/{id}/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Close a payment that is not paid 关单 */
        post: operations["closePayment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payments/{id}/receipt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A payment's receipt 小票 */
        get: operations["getReceipt"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payments/{id}/legs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add a part to a combined payment 加一笔
         * @description A part that fails leaves the payment open: add another in its place, with a new number. The same
         *     number with the same content gives the same answer.
         */
        post: operations["addLeg"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payments/{id}/legs/{leg_no}/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End a part that is not paid 取消一笔
         * @description So that another can take its place. A part that has ended, or is paid, stays as it is.
         */
        post: operations["closeLeg"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/refunds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List refunds, the newest first 退款列表 */
        get: operations["listRefunds"];
        put?: never;
        /**
         * Refund a part or all 退款
         * @description The money is set aside at once; `processing` is decided later, by notification.
         */
        post: operations["createRefund"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/voids": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Void a payment 撤销
         * @description On the day of the payment, all of it. A void that the channel refuses is tried until it is done
         *     (待退货): its state is `processing` so long.
         */
        post: operations["createVoid"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/refunds/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a refund 查询退款 */
        get: operations["getRefund"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/refunds/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Try a failed refund again 重试退款 */
        post: operations["retryRefund"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/wallets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List wallets, the newest first 钱包列表 */
        get: operations["listWallets"];
        put?: never;
        /**
         * Issue a wallet 开卡/开户
         * @description The same number with the same content gives the same wallet, as it is now.
         */
        post: operations["issueWallet"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/wallets/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a wallet 查询钱包 */
        get: operations["getWallet"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/wallets/{id}/activate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Hand a card out 激活
         * @description From now on it can be topped up and pays. Asked again, nothing changes.
         */
        post: operations["activateWallet"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/wallets/{id}/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Close a wallet 退卡/销户
         * @description It pays nothing any more, its gifts lapse, and what is not spent of each top-up goes back by the way
         *     it came, under a number that we make (`close-`). A return that fails is a refund to be tried again.
         */
        post: operations["closeWallet"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/wallets/{id}/top-ups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Top a wallet up 充值
         * @description A payment like any other, but what is paid is the holder's and not yours.
         */
        post: operations["topUpWallet"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/wallets/{id}/top-up-returns": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give back what is not spent of a top-up 充退
         * @description By the way it came. A return that fails leaves the money in the wallet, and can be tried again
         *     (`/v1/refunds/{id}/retry`); one whose way is impossible is decided by people.
         */
        post: operations["returnTopUp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/shifts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List shifts, the newest first 班次列表
         * @description A till's own key sees those of its terminal: a page may then have fewer than were asked for, and go on.
         */
        get: operations["listShifts"];
        put?: never;
        /**
         * Open a shift 开班
         * @description A terminal has one open shift at most. Cash that is paid at the terminal, or given back for such
         *     payments, counts in it.
         */
        post: operations["openShift"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/shifts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a shift 查询班次 */
        get: operations["getShift"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/shifts/{id}/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Count and close a shift 交班
         * @description The same count again gives the same answer; another one is refused.
         */
        post: operations["closeShift"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/cashier": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What this terminal may do 收银台配置 */
        get: operations["getCashier"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/staff/sign-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign in at a till 店员登录 */
        post: operations["signIn"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/staff/sign-out": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign out 店员退出
         * @description At every till where this person is signed in.
         */
        post: operations["signOut"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List notifications, the newest first 通知列表 */
        get: operations["listNotifications"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notifications/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a notification with each try 查询通知 */
        get: operations["getNotification"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notifications/{id}/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a notification again 重发通知 */
        post: operations["resendNotification"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/platform-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The platform's public keys, the newest last 平台公钥
         * @description What notifications, and answers to keys without a shared secret, are verified with. Old ones stay,
         *     for old messages. Not signed, and asked for without a signature: compare them once by another way.
         */
        get: operations["listPlatformKeys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/activations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Activate a terminal 终端激活
         * @description Once per code; the same code with the same key gives the same answer. Earlier keys of the terminal
         *     that were made so are revoked.
         */
        post: operations["activateTerminal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A terminal with its key. */
        Activation: {
            /** @description Names the key in the `Authorization` header from now on. */
            key_id: string;
            terminal: components["schemas"]["ShownTerminal"];
            store: components["schemas"]["Named"];
            merchant: components["schemas"]["Named"];
        };
        /** @description What a till may do and how it looks. */
        Cashier: {
            terminal: components["schemas"]["ShownTerminal"];
            store: components["schemas"]["Named"];
            merchant: components["schemas"]["Named"];
            settings: components["schemas"]["CashierSettings"];
            /** @description Whether refunds, voids and shifts want somebody who signed in. */
            staff_needed: boolean;
            /** @description The open shift of this terminal. */
            shift?: components["schemas"]["Shift"];
        };
        CashierSettings: {
            /**
             * @description What is enabled here, in the order of the buttons: channels' codes, cash, wallet, bank_card,
             *     merchant_coupon, platform_coupon.
             */
            tenders: string[];
            /**
             * Format: int64
             * @description The most that is entered by hand.
             */
            amount_fen_max: number;
            quick_amounts_fen: number[];
            tips: components["schemas"]["Tips"];
            remark: boolean;
            /**
             * @description `#rrggbb`
             * @example #1459c9
             */
            accent: string;
            logo_url?: string | null;
            receipt: components["schemas"]["ReceiptPaper"];
            /** @description Whether amounts are said aloud. */
            voice: boolean;
        };
        /** @description An error's answer. */
        Error: {
            /**
             * @description Stable: see the list of codes.
             * @enum {string}
             */
            code: "body_too_large" | "authorization_malformed" | "timestamp_out_of_window" | "signature_invalid" | "nonce_replayed" | "rate_limited" | "route_not_found" | "request_malformed" | "amount_invalid" | "currency_unsupported" | "field_invalid" | "means_invalid" | "terminal_not_allowed" | "key_not_allowed" | "staff_signed_out" | "staff_right_missing" | "staff_unknown" | "staff_locked" | "activation_code_unknown" | "activation_code_used" | "activation_code_expired" | "code_invalid" | "plate_revoked" | "sign_in_state_wrong" | "payer_unknown" | "order_being_paid" | "merchant_suspended" | "payment_not_found" | "no_route" | "order_no_used" | "terminal_not_found" | "tender_not_enabled" | "payer_code_unknown" | "channel_not_open" | "way_not_offered" | "blackout" | "expiry_past" | "legs_above_amount" | "too_many_legs" | "leg_no_used" | "order_not_combined" | "order_not_open" | "amount_above_rest" | "order_paid" | "refund_no_used" | "refund_not_found" | "leg_not_found" | "order_not_paid" | "leg_wanted" | "void_day_over" | "void_not_whole" | "refund_same_day" | "refund_window_over" | "refund_not_failed" | "currency_mismatch" | "amount_above_refundable" | "insufficient_funds" | "order_is_top_up" | "order_is_hold" | "wallet_not_found" | "wallet_no_used" | "wallet_not_active" | "wallet_frozen" | "wallet_closed" | "wallet_expired" | "too_many_top_ups" | "wallet_short" | "top_up_not_found" | "amount_above_lot" | "campaign_not_found" | "campaign_over" | "above_per_order" | "budget_spent" | "shift_not_found" | "shift_open" | "shift_closed" | "notification_not_found" | "overloaded" | "internal";
            /** @description For people; may change. */
            message: string;
            /** @description Names this request in our log. */
            request_id: string;
            /** @description The field or place that it is about. */
            details?: string | null;
        };
        /**
         * @description What is posted to a merchant's `notify_url`. The signature is verified first, then `id` tells a
         *     repeat.
         */
        Event: {
            /** @example ntf_06xfwqt000405 */
            id: string;
            /**
             * @description payment.paid, payment.failed, payment.closed, refund.succeeded, refund.failed, refund.manual
             * @example payment.paid
             */
            event: string;
            /** Format: date-time */
            created_at: string;
            /** @description In events of a refund. */
            refund?: components["schemas"]["Refund"];
            payment: components["schemas"]["Payment"];
        };
        /** @description A page of a list, the newest first. */
        List_Notification: {
            items: {
                id: string;
                /** @example payment.paid */
                event: string;
                payment_id: string;
                url: string;
                /**
                 * @description A notification's state.
                 * @enum {string}
                 */
                state: "waiting" | "delivered" | "given_up";
                /**
                 * Format: int32
                 * @description How often it was sent.
                 */
                tries: number;
                /** Format: date-time */
                created_at: string;
                /** Format: date-time */
                delivered_at?: string | null;
                /** @description Each try, when one notification was asked for. */
                tries_log?: {
                    /** Format: int32 */
                    number: number;
                    /** Format: date-time */
                    sent_at: string;
                    /** Format: int64 */
                    duration_ms: number;
                    /**
                     * @description The HTTP status, or not_sent, no_answer, bad_url.
                     * @example 200
                     */
                    outcome: string;
                }[];
            }[];
            /** @description Asks for the next page; null when this is the last. */
            next_cursor?: string | null;
        };
        /** @description A page of a list, the newest first. */
        List_Payment: {
            items: {
                /**
                 * @description Our number.
                 * @example pay_06xfwqt000403
                 */
                id: string;
                /**
                 * @description The merchant's own number.
                 * @example A-1
                 */
                merchant_order_no: string;
                /**
                 * @description A payment's state.
                 * @enum {string}
                 */
                state: "paying" | "paid" | "failed" | "closing" | "closed";
                /**
                 * @description Whole minor units of a currency: for CNY, fen.
                 * @example {
                 *       "total": 2800,
                 *       "currency": "CNY"
                 *     }
                 */
                amount: {
                    /** Format: int64 */
                    total: number;
                    /**
                     * @description ISO 4217.
                     * @example CNY
                     */
                    currency: string;
                };
                /**
                 * Format: int64
                 * @description Refunded so far, in minor units.
                 */
                refunded: number;
                /**
                 * Format: int64
                 * @description In refunds that are not decided, in minor units.
                 */
                refunding: number;
                description: string;
                /**
                 * Format: date-time
                 * @example 2026-11-20T12:00:00+08:00
                 */
                created_at: string;
                /** Format: date-time */
                expires_at: string;
                /**
                 * Format: int64
                 * @description What a combined payment still lacks: no leg has paid or is paying it.
                 */
                rest?: number;
                /** @description Of a combined payment, in the order in which they were added. */
                legs?: {
                    /**
                     * @description Our number.
                     * @example leg_06xfwqt000402
                     */
                    id: string;
                    /**
                     * Format: int32
                     * @description The till's own number within the payment.
                     * @example 1
                     */
                    leg_no: number;
                    /**
                     * @description A channel, or cash or merchant_coupon.
                     * @example wechat
                     */
                    tender: string;
                    /**
                     * @description A leg's state.
                     * @enum {string}
                     */
                    state: "paying" | "paid" | "failed" | "closed";
                    /**
                     * @description Whole minor units of a currency: for CNY, fen.
                     * @example {
                     *       "total": 2800,
                     *       "currency": "CNY"
                     *     }
                     */
                    amount: {
                        /** Format: int64 */
                        total: number;
                        /**
                         * @description ISO 4217.
                         * @example CNY
                         */
                        currency: string;
                    };
                    /**
                     * Format: int64
                     * @description Refunded so far, in minor units.
                     */
                    refunded: number;
                    /**
                     * Format: int64
                     * @description In refunds that are not decided, in minor units.
                     */
                    refunding: number;
                    /** @description The channel pays you directly, by your own account there. */
                    self_collected?: boolean;
                    /**
                     * Format: int64
                     * @description What you pay for it, in minor units, where a price list is settled. It is taken at settlement.
                     */
                    fee?: number;
                    /** @description A coupon's number. */
                    reference?: string;
                    /** @description The wallet that pays it. */
                    wallet_id?: string;
                    /** @description The campaign that pays it. */
                    campaign_id?: string;
                    /** Format: date-time */
                    paid_at?: string;
                    /** @description The channel's own number. */
                    channel_trade_no?: string;
                    /** @description The payer as the channel names him (user id, openid). */
                    payer?: string;
                    /** @description What the QR shows, while it can be paid. */
                    code_url?: string;
                    /**
                     * @description What the page gives to the channel's app (`getBrandWCPayRequest`, `tradePay`), while it can be
                     *     paid.
                     */
                    jsapi?: Record<string, unknown>;
                    /** @description The link that the payer's browser opens, while it can be paid. */
                    h5_url?: string;
                    /** @description The channel's own code of a failure. */
                    failure_code?: string;
                    failure_message?: string;
                }[];
                /**
                 * Format: uri
                 * @description Of a combined payment, while it is being paid: the page on which a payer pays what it lacks, in
                 *     whatever app. Show it as a code, or send him there.
                 */
                cashier_url?: string;
                /** @description The wallet that pays it, or that it fills. */
                wallet_id?: string;
                /**
                 * Format: int64
                 * @description It is a top-up: what the platform gives to it, in minor units.
                 */
                gift?: number;
                /** @description The campaign that pays it, or its gift. */
                campaign_id?: string;
                /**
                 * @description By what the payment is made, where it is made by one tender: a channel, or cash,
                 *     merchant_coupon, platform_coupon or wallet.
                 * @example alipay
                 */
                channel?: string;
                /**
                 * Format: int64
                 * @description What you pay for it, in minor units, where a price list is settled. It is taken at settlement.
                 */
                fee?: number;
                /** @description The channel pays you directly, by your own account there. */
                self_collected?: boolean;
                /** @description As it was given. */
                attach?: string;
                terminal_id?: string;
                /** Format: date-time */
                paid_at?: string;
                /** @description The channel's own number. */
                channel_trade_no?: string;
                /** @description The payer as the channel names him (user id, openid). */
                payer?: string;
                /** @description What the QR shows, while it can be paid. */
                code_url?: string;
                /**
                 * @description What the page gives to the channel's app (`getBrandWCPayRequest`, `tradePay`), while it can be
                 *     paid.
                 */
                jsapi?: Record<string, unknown>;
                /** @description The link that the payer's browser opens, while it can be paid. */
                h5_url?: string;
                /** @description The channel's own code of a failure. */
                failure_code?: string;
                failure_message?: string;
            }[];
            /** @description Asks for the next page; null when this is the last. */
            next_cursor?: string | null;
        };
        /** @description A page of a list, the newest first. */
        List_Refund: {
            items: {
                /**
                 * @description Our number.
                 * @example ref_06xfwqt000404
                 */
                id: string;
                payment_id: string;
                /**
                 * @description The merchant's own number.
                 * @example A-1-R1
                 */
                merchant_refund_no: string;
                /**
                 * @description A refund's state. Whether we wait for an answer or for the channel makes no difference to the
                 *     merchant.
                 * @enum {string}
                 */
                state: "processing" | "succeeded" | "failed" | "manual";
                /**
                 * @description 退款 or 撤销.
                 * @enum {string}
                 */
                kind: "refund" | "void" | "top_up_return" | "reversal";
                /**
                 * @description Who asked for a refund.
                 * @enum {string}
                 */
                origin: "merchant" | "terminal" | "late_payment" | "abandoned";
                /**
                 * @description Whole minor units of a currency: for CNY, fen.
                 * @example {
                 *       "total": 2800,
                 *       "currency": "CNY"
                 *     }
                 */
                amount: {
                    /** Format: int64 */
                    total: number;
                    /**
                     * @description ISO 4217.
                     * @example CNY
                     */
                    currency: string;
                };
                reason: string;
                /**
                 * Format: int64
                 * @description What of the fee goes back with it, in minor units, once it has succeeded.
                 */
                fee_returned?: number;
                /** @description The part of the payment that it goes back to, where it is one. */
                leg_id?: string;
                /** @description Where it goes back over several legs: each. */
                parts?: {
                    /** @example leg_06xfwqt000402 */
                    leg_id: string;
                    /** @example wechat */
                    tender: string;
                    /**
                     * @description A refund's state. Whether we wait for an answer or for the channel makes no difference to the
                     *     merchant.
                     * @enum {string}
                     */
                    state: "processing" | "succeeded" | "failed" | "manual";
                    /**
                     * @description Whole minor units of a currency: for CNY, fen.
                     * @example {
                     *       "total": 2800,
                     *       "currency": "CNY"
                     *     }
                     */
                    amount: {
                        /** Format: int64 */
                        total: number;
                        /**
                         * @description ISO 4217.
                         * @example CNY
                         */
                        currency: string;
                    };
                    failure_code?: string;
                    failure_message?: string;
                }[];
                /** Format: date-time */
                created_at: string;
                /** Format: date-time */
                refunded_at?: string;
                /** @description The channel's own code of a failure. */
                failure_code?: string;
                failure_message?: string;
            }[];
            /** @description Asks for the next page; null when this is the last. */
            next_cursor?: string | null;
        };
        /** @description A page of a list, the newest first. */
        List_Shift: {
            items: {
                /** @example shf_06xfwqt000401 */
                id: string;
                terminal_id: string;
                opened_by: string;
                /** Format: date-time */
                opened_at: string;
                /** Format: int64 */
                float_fen: number;
                /**
                 * Format: int64
                 * @description Cash of payments at this terminal since.
                 */
                taken_fen: number;
                /**
                 * Format: int64
                 * @description Cash given back for payments at this terminal since.
                 */
                returned_fen: number;
                /**
                 * Format: int64
                 * @description What should lie in the drawer.
                 */
                expected_fen: number;
                closed_by?: string;
                /** Format: date-time */
                closed_at?: string;
                /** Format: int64 */
                counted_fen?: number;
                /**
                 * Format: int64
                 * @description 长短款: counted less expected.
                 */
                difference_fen?: number;
            }[];
            /** @description Asks for the next page; null when this is the last. */
            next_cursor?: string | null;
        };
        /** @description A page of a list, the newest first. */
        List_Wallet: {
            items: {
                /** @example wal_06xfwqt000406 */
                id: string;
                /** @example card-1 */
                wallet_no: string;
                /**
                 * @description 预付卡 or 用户余额.
                 * @enum {string}
                 */
                kind: "card" | "balance";
                /** @enum {string} */
                state: "inactive" | "active" | "frozen" | "closed";
                currency: string;
                /**
                 * Format: int64
                 * @description The holder's own money.
                 */
                principal: number;
                /**
                 * Format: int64
                 * @description What the platform gave.
                 */
                gift: number;
                /** @description The paid top-ups of which something is left or on its way back, the oldest first. */
                top_ups: {
                    /** @example pay_06xfwqt000403 */
                    payment_id: string;
                    /** Format: int64 */
                    amount: number;
                    /** Format: int64 */
                    left: number;
                    /** Format: int64 */
                    returned: number;
                    /** Format: int64 */
                    gift: number;
                    /** Format: int64 */
                    gift_left: number;
                }[];
                holder?: string;
                /** Format: date-time */
                expires_at?: string;
                /** Format: date-time */
                created_at: string;
            }[];
            /** @description Asks for the next page; null when this is the last. */
            next_cursor?: string | null;
        };
        /** @description A number and a name. */
        Named: {
            id: string;
            name: string;
        };
        /** @description A terminal's code and the public half of its new key pair. */
        NewActivation: {
            /**
             * @description As the operator gave it; blanks, dashes and capitals do not matter.
             * @example 7K3M-9QXT-2B4F
             */
            code: string;
            /**
             * @description SUANPAN-RSA-SHA256
             * @example SUANPAN-RSA-SHA256
             */
            scheme: string;
            /** @description PEM of a public key of 2048 bits and more. The private half never leaves the terminal. */
            public_key: string;
        };
        /**
         * @description A part of a combined payment: exactly one of `payer_code`, `qr`, `jsapi`, `h5`, `cash`, `coupon`,
         *     `bank_card`, `platform_coupon` and `wallet`. It may have a
         *     payer's code in it: it is never logged.
         * @example {
         *       "leg_no": 1,
         *       "amount": {
         *         "total": 5000,
         *         "currency": "CNY"
         *       },
         *       "payer_code": "281234567890123400"
         *     }
         */
        NewLeg: {
            /**
             * Format: int32
             * @description Your own number within the payment, the leg's idempotency key: 1 to 999.
             * @example 1
             */
            leg_no: number;
            /**
             * @description At most what the payment still lacks.
             * @example {
             *       "total": 2800,
             *       "currency": "CNY"
             *     }
             */
            amount: {
                /** Format: int64 */
                total: number;
                /**
                 * @description ISO 4217; only CNY is taken.
                 * @example CNY
                 */
                currency: string;
            };
            /**
             * @description B scans C: the digits of the payer's code.
             * @example 281234567890123400
             */
            payer_code?: string;
            /** @description C scans B: make a code. */
            qr?: {
                /**
                 * @description alipay, wechat, unionpay
                 * @example alipay
                 */
                channel: string;
            };
            /** @description In the channel's app: the leg's `jsapi` is what your page gives to it. */
            jsapi?: {
                /**
                 * @description alipay, wechat, unionpay
                 * @example wechat
                 */
                channel: string;
                /**
                 * @description The payer as the channel names him to your page: openid, Alipay's user id or open id, UnionPay's
                 *     user id.
                 * @example oUpF8uMuAJO_M2pxb1Q9zNjWeS6o
                 */
                payer_id: string;
            };
            /** @description In a browser: the leg's `h5_url` is what it opens. */
            h5?: {
                /**
                 * @description alipay, wechat
                 * @example wechat
                 */
                channel: string;
                /** @description The browser of a desktop, not of a phone: alipay. */
                desktop?: boolean;
                /**
                 * Format: uri
                 * @description Where the browser goes afterwards. That it goes there proves no payment.
                 */
                return_url?: string;
            };
            /** @description Paid in notes. */
            cash?: Record<string, unknown>;
            /** @description A coupon of the merchant's own: he asks less. */
            coupon?: {
                /**
                 * @description The coupon's number, at most 64 bytes.
                 * @example C-100
                 */
                number?: string;
            };
            /** @description Paid by a bank card at a terminal that is not connected to us: your own acquirer pays it to you. */
            bank_card?: {
                /**
                 * @description The reference number of the slip, at most 64 bytes. Never a card's number: 13 digits in a row
                 *     are refused.
                 * @example 123456789012
                 */
                reference: string;
            };
            /** @description The platform pays, out of a campaign's budget. */
            platform_coupon?: {
                /** @example cmp_06xfwqt000407 */
                campaign_id: string;
                /**
                 * @description The coupon's number, at most 64 bytes.
                 * @example P-100
                 */
                number?: string;
            };
            /** @description Paid from a prepaid card or a balance. */
            wallet?: {
                /** @example wal_06xfwqt000406 */
                wallet_id: string;
            };
            /**
             * @description The till's own address.
             * @example 127.0.0.1
             */
            terminal_ip?: string;
        };
        /**
         * @description A new payment: exactly one of `payer_code`, `qr`, `jsapi`, `h5`, `cash`, `coupon`,
         *     `bank_card`, `platform_coupon`, `wallet` and `legs`. It may have a
         *     payer's code in it: it is never logged.
         * @example {
         *       "merchant_order_no": "A-1",
         *       "amount": {
         *         "total": 2800,
         *         "currency": "CNY"
         *       },
         *       "description": "coffee",
         *       "payer_code": "281234567890123400"
         *     }
         */
        NewPayment: {
            /**
             * @description Your own number, the idempotency key for ever: 1 to 64 letters, digits, `_`, `-`, `.`, `*`.
             * @example A-1
             */
            merchant_order_no: string;
            /**
             * @description Whole fen, in CNY.
             * @example {
             *       "total": 2800,
             *       "currency": "CNY"
             *     }
             */
            amount: {
                /** Format: int64 */
                total: number;
                /**
                 * @description ISO 4217; only CNY is taken.
                 * @example CNY
                 */
                currency: string;
            };
            /**
             * @description What the payer reads; at most 127 bytes.
             * @example coffee
             */
            description: string;
            /**
             * @description B scans C: the digits of the payer's code.
             * @example 281234567890123400
             */
            payer_code?: string;
            /** @description C scans B: make a code. */
            qr?: {
                /**
                 * @description alipay, wechat, unionpay
                 * @example alipay
                 */
                channel: string;
            };
            /** @description In the channel's app: the answer's `jsapi` is what your page gives to it. */
            jsapi?: {
                /**
                 * @description alipay, wechat, unionpay
                 * @example wechat
                 */
                channel: string;
                /**
                 * @description The payer as the channel names him to your page: openid, Alipay's user id or open id, UnionPay's
                 *     user id.
                 * @example oUpF8uMuAJO_M2pxb1Q9zNjWeS6o
                 */
                payer_id: string;
            };
            /** @description In a browser: the answer's `h5_url` is what it opens. */
            h5?: {
                /**
                 * @description alipay, wechat
                 * @example wechat
                 */
                channel: string;
                /** @description The browser of a desktop, not of a phone: alipay. */
                desktop?: boolean;
                /**
                 * Format: uri
                 * @description Where the browser goes afterwards. That it goes there proves no payment.
                 */
                return_url?: string;
            };
            /** @description Paid in notes. */
            cash?: Record<string, unknown>;
            /** @description A coupon of the merchant's own: he asks less. */
            coupon?: {
                /**
                 * @description The coupon's number, at most 64 bytes.
                 * @example C-100
                 */
                number?: string;
            };
            /** @description Paid by a bank card at a terminal that is not connected to us: your own acquirer pays it to you. */
            bank_card?: {
                /**
                 * @description The reference number of the slip, at most 64 bytes. Never a card's number: 13 digits in a row
                 *     are refused.
                 * @example 123456789012
                 */
                reference: string;
            };
            /** @description The platform pays, out of a campaign's budget. */
            platform_coupon?: {
                /** @example cmp_06xfwqt000407 */
                campaign_id: string;
                /**
                 * @description The coupon's number, at most 64 bytes.
                 * @example P-100
                 */
                number?: string;
            };
            /** @description Paid from a prepaid card or a balance. */
            wallet?: {
                /** @example wal_06xfwqt000406 */
                wallet_id: string;
            };
            /**
             * @description A combined payment: its parts, or none yet. More can be added until they cover the amount;
             *     when that has not happened by `expires_at`, what was paid goes back.
             */
            legs?: {
                /**
                 * Format: int32
                 * @description Your own number within the payment, the leg's idempotency key: 1 to 999.
                 * @example 1
                 */
                leg_no: number;
                /**
                 * @description At most what the payment still lacks.
                 * @example {
                 *       "total": 2800,
                 *       "currency": "CNY"
                 *     }
                 */
                amount: {
                    /** Format: int64 */
                    total: number;
                    /**
                     * @description ISO 4217; only CNY is taken.
                     * @example CNY
                     */
                    currency: string;
                };
                /**
                 * @description B scans C: the digits of the payer's code.
                 * @example 281234567890123400
                 */
                payer_code?: string;
                /** @description C scans B: make a code. */
                qr?: {
                    /**
                     * @description alipay, wechat, unionpay
                     * @example alipay
                     */
                    channel: string;
                };
                /** @description In the channel's app: the leg's `jsapi` is what your page gives to it. */
                jsapi?: {
                    /**
                     * @description alipay, wechat, unionpay
                     * @example wechat
                     */
                    channel: string;
                    /**
                     * @description The payer as the channel names him to your page: openid, Alipay's user id or open id, UnionPay's
                     *     user id.
                     * @example oUpF8uMuAJO_M2pxb1Q9zNjWeS6o
                     */
                    payer_id: string;
                };
                /** @description In a browser: the leg's `h5_url` is what it opens. */
                h5?: {
                    /**
                     * @description alipay, wechat
                     * @example wechat
                     */
                    channel: string;
                    /** @description The browser of a desktop, not of a phone: alipay. */
                    desktop?: boolean;
                    /**
                     * Format: uri
                     * @description Where the browser goes afterwards. That it goes there proves no payment.
                     */
                    return_url?: string;
                };
                /** @description Paid in notes. */
                cash?: Record<string, unknown>;
                /** @description A coupon of the merchant's own: he asks less. */
                coupon?: {
                    /**
                     * @description The coupon's number, at most 64 bytes.
                     * @example C-100
                     */
                    number?: string;
                };
                /** @description Paid by a bank card at a terminal that is not connected to us: your own acquirer pays it to you. */
                bank_card?: {
                    /**
                     * @description The reference number of the slip, at most 64 bytes. Never a card's number: 13 digits in a row
                     *     are refused.
                     * @example 123456789012
                     */
                    reference: string;
                };
                /** @description The platform pays, out of a campaign's budget. */
                platform_coupon?: {
                    /** @example cmp_06xfwqt000407 */
                    campaign_id: string;
                    /**
                     * @description The coupon's number, at most 64 bytes.
                     * @example P-100
                     */
                    number?: string;
                };
                /** @description Paid from a prepaid card or a balance. */
                wallet?: {
                    /** @example wal_06xfwqt000406 */
                    wallet_id: string;
                };
                /**
                 * @description The till's own address.
                 * @example 127.0.0.1
                 */
                terminal_ip?: string;
            }[];
            /** @description With `legs` only: what belongs to the page at the answer's `cashier_url`. */
            cashier?: {
                /**
                 * Format: uri
                 * @description Where the payer's browser goes when all is paid. That it goes there proves no payment.
                 */
                return_url: string;
            };
            /** @description Comes back in answers and notifications; at most 127 bytes. */
            attach?: string;
            /**
             * Format: uri
             * @description Where notifications of this payment and its refunds go.
             */
            notify_url?: string;
            /** @description Which of your terminals takes the payment. */
            terminal_id?: string;
            /**
             * @description The till's own address.
             * @example 127.0.0.1
             */
            terminal_ip?: string;
            /**
             * Format: date-time
             * @description With `qr`, `jsapi`, `h5` and `legs` only; at most two hours ahead.
             */
            expires_at?: string;
        };
        /**
         * @description A new refund: the payment by exactly one of `payment_id` and `merchant_order_no`.
         * @example {
         *       "merchant_refund_no": "A-1-R1",
         *       "merchant_order_no": "A-1",
         *       "amount": {
         *         "total": 800,
         *         "currency": "CNY"
         *       },
         *       "reason": "too cold"
         *     }
         */
        NewRefund: {
            /**
             * @description Your own number, the idempotency key for ever: 1 to 64 letters, digits, `_`, `-`, `.`, `*`;
             *     those that begin with `late-`, `back-` and `close-` are ours.
             * @example A-1-R1
             */
            merchant_refund_no: string;
            payment_id?: string;
            /** @example A-1 */
            merchant_order_no?: string;
            /**
             * @description At most what is left of the payment, or of the part that is named.
             * @example {
             *       "total": 2800,
             *       "currency": "CNY"
             *     }
             */
            amount: {
                /** Format: int64 */
                total: number;
                /**
                 * @description ISO 4217; only CNY is taken.
                 * @example CNY
                 */
                currency: string;
            };
            /**
             * @description The part of a combined payment that it goes back to. Left out, the whole of what is left goes
             *     back, each part by its own route.
             */
            leg_id?: string;
            /** @description At most 80 bytes. */
            reason?: string;
            /**
             * Format: uri
             * @description Where notifications of this refund go, if not where the payment's go.
             */
            notify_url?: string;
        };
        /**
         * @description A new shift of a terminal's drawer.
         * @example {
         *       "terminal_id": "ter_06xfwqt000401",
         *       "opened_by": "wang",
         *       "float_fen": 20000
         *     }
         */
        NewShift: {
            /** @description A terminal's own key may leave it out. */
            terminal_id?: string;
            /**
             * @description The cashier, at most 64 bytes.
             * @example wang
             */
            opened_by: string;
            /**
             * Format: int64
             * @description 备用金: what lies in the drawer, in fen.
             * @example 20000
             */
            float_fen: number;
        };
        /** @description Who signs in. */
        NewSignIn: {
            /** @example 01 */
            staff_no: string;
            /**
             * @description Never logged.
             * @example 123456
             */
            pin: string;
        };
        /**
         * @description A top-up: a payment through a channel that fills the wallet.
         * @example {
         *       "payment": {
         *         "merchant_order_no": "T-1",
         *         "amount": {
         *           "total": 20000,
         *           "currency": "CNY"
         *         },
         *         "description": "top-up",
         *         "payer_code": "281234567890123400"
         *       }
         *     }
         */
        NewTopUp: {
            /** @description As of a payment, by one of `payer_code`, `qr`, `jsapi` and `h5`. */
            payment: components["schemas"]["NewPayment"];
            /** @description What the platform gives to a top-up, out of a campaign's budget. */
            gift?: {
                campaign_id: string;
                /**
                 * @description Whole fen, in CNY.
                 * @example {
                 *       "total": 2800,
                 *       "currency": "CNY"
                 *     }
                 */
                amount: {
                    /** Format: int64 */
                    total: number;
                    /**
                     * @description ISO 4217; only CNY is taken.
                     * @example CNY
                     */
                    currency: string;
                };
            };
        };
        /**
         * @description 充退: what is not spent of a top-up goes back by the way it came. Its gift lapses.
         * @example {
         *       "merchant_refund_no": "T-1-R",
         *       "payment_id": "pay_06xfwqt000403",
         *       "amount": {
         *         "total": 8000,
         *         "currency": "CNY"
         *       }
         *     }
         */
        NewTopUpReturn: {
            /**
             * @description Your own number, the idempotency key for ever; refunds, voids and these share them.
             * @example T-1-R
             */
            merchant_refund_no: string;
            /** @description The top-up. */
            payment_id: string;
            /**
             * @description At most what is left of the top-up.
             * @example {
             *       "total": 2800,
             *       "currency": "CNY"
             *     }
             */
            amount: {
                /** Format: int64 */
                total: number;
                /**
                 * @description ISO 4217; only CNY is taken.
                 * @example CNY
                 */
                currency: string;
            };
            /** @description At most 80 bytes. */
            reason?: string;
            /**
             * Format: uri
             * @description Where notifications of it go, if not where the payment's go.
             */
            notify_url?: string;
        };
        /**
         * @description A void: the payment by exactly one of `payment_id` and `merchant_order_no`.
         * @example {
         *       "merchant_refund_no": "A-1-V",
         *       "merchant_order_no": "A-1"
         *     }
         */
        NewVoid: {
            /**
             * @description Your own number, the idempotency key for ever; refunds and voids share them.
             * @example A-1-V
             */
            merchant_refund_no: string;
            payment_id?: string;
            /** @example A-1 */
            merchant_order_no?: string;
            /** @description At most 80 bytes. */
            reason?: string;
            /**
             * Format: uri
             * @description Where notifications of this void go, if not where the payment's go.
             */
            notify_url?: string;
        };
        /**
         * @description A new wallet.
         * @example {
         *       "wallet_no": "card-1",
         *       "kind": "card",
         *       "holder": "wang"
         *     }
         */
        NewWallet: {
            /**
             * @description Your own number, the idempotency key for ever: 1 to 64 letters, digits, `_`, `-`, `.`, `*`.
             * @example card-1
             */
            wallet_no: string;
            /**
             * @description 预付卡 or 用户余额.
             * @enum {string}
             */
            kind: "card" | "balance";
            /** @description Who holds it, as you name him; at most 64 bytes. Not a card number. */
            holder?: string;
            /**
             * Format: date-time
             * @description From then on it pays nothing; what is left can still be returned.
             */
            expires_at?: string;
        };
        /** @description A notification and how it goes. */
        Notification: {
            id: string;
            /** @example payment.paid */
            event: string;
            payment_id: string;
            url: string;
            /**
             * @description A notification's state.
             * @enum {string}
             */
            state: "waiting" | "delivered" | "given_up";
            /**
             * Format: int32
             * @description How often it was sent.
             */
            tries: number;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            delivered_at?: string | null;
            /** @description Each try, when one notification was asked for. */
            tries_log?: {
                /** Format: int32 */
                number: number;
                /** Format: date-time */
                sent_at: string;
                /** Format: int64 */
                duration_ms: number;
                /**
                 * @description The HTTP status, or not_sent, no_answer, bad_url.
                 * @example 200
                 */
                outcome: string;
            }[];
        };
        /** @description A payment. */
        Payment: {
            /**
             * @description Our number.
             * @example pay_06xfwqt000403
             */
            id: string;
            /**
             * @description The merchant's own number.
             * @example A-1
             */
            merchant_order_no: string;
            /**
             * @description A payment's state.
             * @enum {string}
             */
            state: "paying" | "paid" | "failed" | "closing" | "closed";
            /**
             * @description Whole minor units of a currency: for CNY, fen.
             * @example {
             *       "total": 2800,
             *       "currency": "CNY"
             *     }
             */
            amount: {
                /** Format: int64 */
                total: number;
                /**
                 * @description ISO 4217.
                 * @example CNY
                 */
                currency: string;
            };
            /**
             * Format: int64
             * @description Refunded so far, in minor units.
             */
            refunded: number;
            /**
             * Format: int64
             * @description In refunds that are not decided, in minor units.
             */
            refunding: number;
            description: string;
            /**
             * Format: date-time
             * @example 2026-11-20T12:00:00+08:00
             */
            created_at: string;
            /** Format: date-time */
            expires_at: string;
            /**
             * Format: int64
             * @description What a combined payment still lacks: no leg has paid or is paying it.
             */
            rest?: number;
            /** @description Of a combined payment, in the order in which they were added. */
            legs?: {
                /**
                 * @description Our number.
                 * @example leg_06xfwqt000402
                 */
                id: string;
                /**
                 * Format: int32
                 * @description The till's own number within the payment.
                 * @example 1
                 */
                leg_no: number;
                /**
                 * @description A channel, or cash or merchant_coupon.
                 * @example wechat
                 */
                tender: string;
                /**
                 * @description A leg's state.
                 * @enum {string}
                 */
                state: "paying" | "paid" | "failed" | "closed";
                /**
                 * @description Whole minor units of a currency: for CNY, fen.
                 * @example {
                 *       "total": 2800,
                 *       "currency": "CNY"
                 *     }
                 */
                amount: {
                    /** Format: int64 */
                    total: number;
                    /**
                     * @description ISO 4217.
                     * @example CNY
                     */
                    currency: string;
                };
                /**
                 * Format: int64
                 * @description Refunded so far, in minor units.
                 */
                refunded: number;
                /**
                 * Format: int64
                 * @description In refunds that are not decided, in minor units.
                 */
                refunding: number;
                /** @description The channel pays you directly, by your own account there. */
                self_collected?: boolean;
                /**
                 * Format: int64
                 * @description What you pay for it, in minor units, where a price list is settled. It is taken at settlement.
                 */
                fee?: number;
                /** @description A coupon's number. */
                reference?: string;
                /** @description The wallet that pays it. */
                wallet_id?: string;
                /** @description The campaign that pays it. */
                campaign_id?: string;
                /** Format: date-time */
                paid_at?: string;
                /** @description The channel's own number. */
                channel_trade_no?: string;
                /** @description The payer as the channel names him (user id, openid). */
                payer?: string;
                /** @description What the QR shows, while it can be paid. */
                code_url?: string;
                /**
                 * @description What the page gives to the channel's app (`getBrandWCPayRequest`, `tradePay`), while it can be
                 *     paid.
                 */
                jsapi?: Record<string, unknown>;
                /** @description The link that the payer's browser opens, while it can be paid. */
                h5_url?: string;
                /** @description The channel's own code of a failure. */
                failure_code?: string;
                failure_message?: string;
            }[];
            /**
             * Format: uri
             * @description Of a combined payment, while it is being paid: the page on which a payer pays what it lacks, in
             *     whatever app. Show it as a code, or send him there.
             */
            cashier_url?: string;
            /** @description The wallet that pays it, or that it fills. */
            wallet_id?: string;
            /**
             * Format: int64
             * @description It is a top-up: what the platform gives to it, in minor units.
             */
            gift?: number;
            /** @description The campaign that pays it, or its gift. */
            campaign_id?: string;
            /**
             * @description By what the payment is made, where it is made by one tender: a channel, or cash,
             *     merchant_coupon, platform_coupon or wallet.
             * @example alipay
             */
            channel?: string;
            /**
             * Format: int64
             * @description What you pay for it, in minor units, where a price list is settled. It is taken at settlement.
             */
            fee?: number;
            /** @description The channel pays you directly, by your own account there. */
            self_collected?: boolean;
            /** @description As it was given. */
            attach?: string;
            terminal_id?: string;
            /** Format: date-time */
            paid_at?: string;
            /** @description The channel's own number. */
            channel_trade_no?: string;
            /** @description The payer as the channel names him (user id, openid). */
            payer?: string;
            /** @description What the QR shows, while it can be paid. */
            code_url?: string;
            /**
             * @description What the page gives to the channel's app (`getBrandWCPayRequest`, `tradePay`), while it can be
             *     paid.
             */
            jsapi?: Record<string, unknown>;
            /** @description The link that the payer's browser opens, while it can be paid. */
            h5_url?: string;
            /** @description The channel's own code of a failure. */
            failure_code?: string;
            failure_message?: string;
        };
        /** @description The public half of one of the platform's keys. */
        PublicKey: {
            /** @description As the header `Suanpan-Key-Id` names it. */
            key_id: string;
            /** @description SUANPAN-RSA-SHA256, SUANPAN-SM2-SM3 */
            scheme: string;
            /** @description PEM. */
            public_key: string;
        };
        PublicKeys: {
            items: components["schemas"]["PublicKey"][];
        };
        /** @description A receipt. */
        Receipt: {
            /** Format: int32 */
            width_mm: number;
            /** @description The text, a line each, filled to the paper's width. */
            lines: string[];
            /**
             * @description The same for a printer that speaks ESC/POS, in GBK.
             * @example G0AcJg==
             */
            escpos_base64: string;
        };
        ReceiptPaper: {
            /** Format: int32 */
            width_mm: number;
            footer: string;
        };
        /** @description A refund. */
        Refund: {
            /**
             * @description Our number.
             * @example ref_06xfwqt000404
             */
            id: string;
            payment_id: string;
            /**
             * @description The merchant's own number.
             * @example A-1-R1
             */
            merchant_refund_no: string;
            /**
             * @description A refund's state. Whether we wait for an answer or for the channel makes no difference to the
             *     merchant.
             * @enum {string}
             */
            state: "processing" | "succeeded" | "failed" | "manual";
            /**
             * @description 退款 or 撤销.
             * @enum {string}
             */
            kind: "refund" | "void" | "top_up_return" | "reversal";
            /**
             * @description Who asked for a refund.
             * @enum {string}
             */
            origin: "merchant" | "terminal" | "late_payment" | "abandoned";
            /**
             * @description Whole minor units of a currency: for CNY, fen.
             * @example {
             *       "total": 2800,
             *       "currency": "CNY"
             *     }
             */
            amount: {
                /** Format: int64 */
                total: number;
                /**
                 * @description ISO 4217.
                 * @example CNY
                 */
                currency: string;
            };
            reason: string;
            /**
             * Format: int64
             * @description What of the fee goes back with it, in minor units, once it has succeeded.
             */
            fee_returned?: number;
            /** @description The part of the payment that it goes back to, where it is one. */
            leg_id?: string;
            /** @description Where it goes back over several legs: each. */
            parts?: {
                /** @example leg_06xfwqt000402 */
                leg_id: string;
                /** @example wechat */
                tender: string;
                /**
                 * @description A refund's state. Whether we wait for an answer or for the channel makes no difference to the
                 *     merchant.
                 * @enum {string}
                 */
                state: "processing" | "succeeded" | "failed" | "manual";
                /**
                 * @description Whole minor units of a currency: for CNY, fen.
                 * @example {
                 *       "total": 2800,
                 *       "currency": "CNY"
                 *     }
                 */
                amount: {
                    /** Format: int64 */
                    total: number;
                    /**
                     * @description ISO 4217.
                     * @example CNY
                     */
                    currency: string;
                };
                failure_code?: string;
                failure_message?: string;
            }[];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            refunded_at?: string;
            /** @description The channel's own code of a failure. */
            failure_code?: string;
            failure_message?: string;
        };
        /** @description A shift: what should lie in the drawer, and what was counted. */
        Shift: {
            /** @example shf_06xfwqt000401 */
            id: string;
            terminal_id: string;
            opened_by: string;
            /** Format: date-time */
            opened_at: string;
            /** Format: int64 */
            float_fen: number;
            /**
             * Format: int64
             * @description Cash of payments at this terminal since.
             */
            taken_fen: number;
            /**
             * Format: int64
             * @description Cash given back for payments at this terminal since.
             */
            returned_fen: number;
            /**
             * Format: int64
             * @description What should lie in the drawer.
             */
            expected_fen: number;
            closed_by?: string;
            /** Format: date-time */
            closed_at?: string;
            /** Format: int64 */
            counted_fen?: number;
            /**
             * Format: int64
             * @description 长短款: counted less expected.
             */
            difference_fen?: number;
        };
        /**
         * @description The count at the end of a shift.
         * @example {
         *       "closed_by": "wang",
         *       "counted_fen": 25500
         *     }
         */
        ShiftCount: {
            /**
             * @description Who counted, at most 64 bytes.
             * @example wang
             */
            closed_by: string;
            /**
             * Format: int64
             * @description What lies in the drawer, in fen.
             * @example 25500
             */
            counted_fen: number;
        };
        /** @description A terminal, as its own till sees it. */
        ShownTerminal: {
            /** @example ter_06xfwqt000401 */
            id: string;
            /** @example 收银台 1 */
            name: string;
            /**
             * @description counter_register, companion_device, smart_pos, micro_store, table_code, qr_plate
             * @example counter_register
             */
            kind: string;
        };
        /** @description Somebody who signed in. */
        SignedIn: {
            staff_no: string;
            name: string;
            /** @description refund, shift, void */
            rights: string[];
            /** @description For the header `Suanpan-Staff` of what this person does at this terminal. */
            token: string;
            /** Format: date-time */
            expires_at: string;
        };
        SignedOut: Record<string, unknown>;
        Tips: {
            on: boolean;
            percents: number[];
        };
        /** @description A wallet, amounts in fen. */
        Wallet: {
            /** @example wal_06xfwqt000406 */
            id: string;
            /** @example card-1 */
            wallet_no: string;
            /**
             * @description 预付卡 or 用户余额.
             * @enum {string}
             */
            kind: "card" | "balance";
            /** @enum {string} */
            state: "inactive" | "active" | "frozen" | "closed";
            currency: string;
            /**
             * Format: int64
             * @description The holder's own money.
             */
            principal: number;
            /**
             * Format: int64
             * @description What the platform gave.
             */
            gift: number;
            /** @description The paid top-ups of which something is left or on its way back, the oldest first. */
            top_ups: {
                /** @example pay_06xfwqt000403 */
                payment_id: string;
                /** Format: int64 */
                amount: number;
                /** Format: int64 */
                left: number;
                /** Format: int64 */
                returned: number;
                /** Format: int64 */
                gift: number;
                /** Format: int64 */
                gift_left: number;
            }[];
            holder?: string;
            /** Format: date-time */
            expires_at?: string;
            /** Format: date-time */
            created_at: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listPayments: {
        parameters: {
            query?: {
                /** @description Your own number: the list has at most this one. */
                merchant_order_no?: string;
                /** @description How many. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["List_Payment"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createPayment: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPayment"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getPayment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Our number */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    closePayment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Our number */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getReceipt: {
        parameters: {
            query?: {
                /**
                 * @description 58 or 80; what is settled for the store unless given.
                 * @example 58
                 */
                width_mm?: number;
            };
            header?: never;
            path: {
                /** @description Our number */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    addLeg: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Our number of the payment */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewLeg"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    closeLeg: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Our number of the payment */
                id: string;
                /** @description Your number of the leg */
                leg_no: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listRefunds: {
        parameters: {
            query?: {
                /** @description Your own number: the list has at most this one. */
                merchant_refund_no?: string;
                /** @description How many. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["List_Refund"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createRefund: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewRefund"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refund"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createVoid: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewVoid"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refund"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getRefund: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Our number */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refund"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    retryRefund: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Our number */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refund"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listWallets: {
        parameters: {
            query?: {
                /** @description How many. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["List_Wallet"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    issueWallet: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewWallet"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Wallet"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getWallet: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Our number */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Wallet"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    activateWallet: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Our number */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Wallet"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    closeWallet: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Our number */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Wallet"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    topUpWallet: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Our number of the wallet */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewTopUp"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    returnTopUp: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Our number of the wallet */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewTopUpReturn"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refund"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listShifts: {
        parameters: {
            query?: {
                /** @description How many. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["List_Shift"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    openShift: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewShift"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Shift"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getShift: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Our number */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Shift"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    closeShift: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Our number */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ShiftCount"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Shift"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getCashier: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Cashier"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    signIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewSignIn"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    signOut: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedOut"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listNotifications: {
        parameters: {
            query?: {
                /** @description How many. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["List_Notification"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getNotification: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Our number */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Notification"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    resendNotification: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Our number */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Notification"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listPlatformKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PublicKeys"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    activateTerminal: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewActivation"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Activation"];
                };
            };
            /** @description An error; its code is stable */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
}
