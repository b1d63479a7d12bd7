-- The bank's books. A movement takes from one account and gives to another, so entries sum to zero by construction.
CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    holder TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('world', 'fees', 'in_transit', 'settlement', 'customer')),
    currency TEXT NOT NULL,
    balance INTEGER NOT NULL DEFAULT 0,
    opened_at TEXT NOT NULL,
    CONSTRAINT only_the_world_owes CHECK (kind = 'world' OR balance >= 0)
) STRICT;

CREATE TABLE link (
    id TEXT PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account,
    scheme TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'verified', 'failed', 'removed')),
    code TEXT NOT NULL,
    tries_left INTEGER NOT NULL CHECK (tries_left >= 0),
    made_at TEXT NOT NULL
) STRICT;

CREATE TABLE payment (
    id TEXT PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    direction TEXT NOT NULL CHECK (direction IN ('collect', 'payout')),
    link TEXT NOT NULL REFERENCES link,
    -- Where a collect goes instead of the settlement account: then it is a direct payment.
    to_link TEXT REFERENCES link,
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    text TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('prepared', 'pending', 'settled', 'refused', 'cancelled')),
    code TEXT,
    fee INTEGER NOT NULL CHECK (fee >= 0),
    reported_amount INTEGER NOT NULL,
    prepared_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    executed_at TEXT,
    settles_at TEXT,
    settled_at TEXT,
    reverses_at TEXT,
    reversed_at TEXT,
    CHECK ((state = 'refused') = (code IS NOT NULL)),
    CHECK ((state IN ('prepared', 'cancelled')) = (executed_at IS NULL)),
    CHECK ((state = 'settled') = (settled_at IS NOT NULL))
) STRICT;
CREATE INDEX payment_in_flight ON payment (settles_at) WHERE state = 'pending';
CREATE INDEX payment_to_reverse ON payment (reverses_at) WHERE reverses_at IS NOT NULL AND reversed_at IS NULL;

CREATE TABLE movement (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('opening', 'verification', 'payment', 'fee')),
    source INTEGER NOT NULL REFERENCES account,
    destination INTEGER NOT NULL REFERENCES account,
    amount INTEGER NOT NULL CHECK (amount > 0),
    payment TEXT REFERENCES payment,
    text TEXT NOT NULL,
    CHECK (source <> destination)
) STRICT;
CREATE INDEX movement_by_source ON movement (source);
CREATE INDEX movement_by_destination ON movement (destination);

CREATE VIEW entry AS
    SELECT id, at, kind, source AS account, destination AS other, -amount AS amount, payment, text FROM movement
    UNION ALL
    SELECT id, at, kind, destination AS account, source AS other, amount, payment, text FROM movement;

CREATE TRIGGER movement_in_one_currency BEFORE INSERT ON movement
WHEN (SELECT currency FROM account WHERE id = NEW.source)
    IS NOT (SELECT currency FROM account WHERE id = NEW.destination)
BEGIN SELECT RAISE(ABORT, 'a movement stays in one currency'); END;

CREATE TRIGGER movement_moves_balances AFTER INSERT ON movement
BEGIN
    UPDATE account SET balance = balance - NEW.amount WHERE id = NEW.source;
    UPDATE account SET balance = balance + NEW.amount WHERE id = NEW.destination;
END;

CREATE TRIGGER movement_is_never_changed BEFORE UPDATE ON movement
BEGIN SELECT RAISE(ABORT, 'a movement is never changed'); END;

CREATE TRIGGER movement_is_never_taken_back BEFORE DELETE ON movement
BEGIN SELECT RAISE(ABORT, 'a movement is never taken back'); END;

CREATE TABLE answer (
    key TEXT PRIMARY KEY,
    asked TEXT NOT NULL,
    body TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;

CREATE TABLE notice (
    id INTEGER PRIMARY KEY,
    event TEXT NOT NULL,
    body TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at TEXT
) STRICT;
CREATE INDEX notice_waiting ON notice (next_at) WHERE next_at IS NOT NULL;
