// People in a chat whose client is the one inside Element: matrix-js-sdk with its Rust crypto.
//
// Speaks JSON lines. In: {"id", "person", "verb", "args"}. Out: {"id", "value"} or {"id", "error"} for each of
// these, and {"person", "seen"} for each event that a person sees, once more when it becomes readable.

import { createInterface } from "node:readline";

// The protocol owns standard output; what the libraries say goes nowhere, except for errors.
for (const level of ["log", "info", "debug", "warn", "trace"]) console[level] = () => {};

const { ClientEvent, MatrixEventEvent, Method, RoomEvent, RoomStateEvent, SyncState, createClient } = await import(
  "matrix-js-sdk"
);
const {
  AllDevicesIsolationMode,
  CryptoEvent,
  EventShieldReason,
  OnlySignedDevicesIsolationMode,
  VerificationPhase,
  VerificationRequestEvent,
  VerifierEvent,
} = await import("matrix-js-sdk/lib/crypto-api/index.js");

const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, getChild: () => SILENT };
const people = new Map();
const comparing = new Map();

const verbs = {
  async arrive(person, { homeserver, user_id, password, display_name, signed_devices_only, cross_signed }) {
    const login = await createClient({ baseUrl: homeserver, logger: SILENT }).loginRequest({
      type: "m.login.password",
      identifier: { type: "m.id.user", user: user_id },
      password,
      initial_device_display_name: "Element",
    });
    const client = createClient({
      baseUrl: homeserver,
      userId: login.user_id,
      deviceId: login.device_id,
      accessToken: login.access_token,
      logger: SILENT,
    });
    people.set(person, client);
    await client.initRustCrypto({ useIndexedDB: false });
    const crypto = client.getCrypto();
    crypto.setDeviceIsolationMode(
      signed_devices_only ? new OnlySignedDevicesIsolationMode() : new AllDevicesIsolationMode(true),
    );
    if (display_name) await client.setDisplayName(display_name);
    if (cross_signed) {
      await crypto.bootstrapCrossSigning({
        authUploadDeviceSigningKeys: (upload) => withPassword(upload, login.user_id, password),
      });
    }
    listen(person, client);
    await client.startClient({ initialSyncLimit: 100, pendingEventOrdering: "detached" });
    await until(client, [ClientEvent.Sync], () => client.getSyncState() === SyncState.Prepared || client.isInitialSyncComplete());
    return { user_id: login.user_id, device_id: login.device_id };
  },

  async leave(person) {
    client(person).stopClient();
    people.delete(person);
  },

  async create_room(person, { options, invite }) {
    const { room_id } = await client(person).createRoom({ ...options, invite });
    await whole(client(person), room_id);
    await until(client(person), [RoomStateEvent.Members], () =>
      invite.every((user) => client(person).getRoom(room_id).getMember(user)),
    );
    return room_id;
  },

  async set_account_data(person, { type, content }) {
    await client(person).setAccountData(type, content);
  },

  async join(person, { room_id }) {
    await client(person).joinRoom(room_id);
    await whole(client(person), room_id);
  },

  async invite(person, { room_id, user_id }) {
    await client(person).invite(room_id, user_id);
  },

  async name_of(person, { user_id }) {
    return (await client(person).getProfileInfo(user_id)).displayname ?? user_id;
  },

  async send(person, { room_id, type, content }) {
    await whole(client(person), room_id);
    return (await client(person).sendEvent(room_id, null, type, content)).event_id;
  },

  async send_plain(person, { room_id, type, content }) {
    const path = `/rooms/${encodeURIComponent(room_id)}/send/${type}/${client(person).makeTxnId()}`;
    return (await client(person).http.authedRequest(Method.Put, path, undefined, content)).event_id;
  },

  async redact(person, { room_id, event_id }) {
    await client(person).redactEvent(room_id, event_id);
  },

  // Ask to be shown codes, in a room or device to device; they come once the other side has answered.
  async compare(person, { user_id, room_id, device_id }) {
    const crypto = client(person).getCrypto();
    await crypto.getUserDeviceInfo([user_id], true);
    const request = room_id
      ? await crypto.requestVerificationDM(user_id, room_id)
      : await crypto.requestDeviceVerification(user_id, device_id);
    comparing.set(person, { request });
    await phase(request, VerificationPhase.Ready);
    const verifier = await request.startVerification("m.sas.v1");
    const shown = new Promise((resolve) => verifier.on(VerifierEvent.ShowSas, resolve));
    const ended = verifier.verify();
    const codes = await Promise.race([shown, ended.then(() => Promise.reject(new Error("nothing was shown")))]);
    comparing.set(person, { request, codes, ended });
    return { emoji: codes.sas.emoji, decimal: codes.sas.decimal };
  },

  async they_match(person) {
    const { request, codes, ended } = comparing.get(person);
    await codes.confirm();
    await ended;
    await phase(request, VerificationPhase.Done);
  },

  async they_differ(person) {
    const { codes, ended } = comparing.get(person);
    codes.mismatch();
    await ended.catch(() => {});
  },

  async stop_comparing(person) {
    await comparing.get(person).request.cancel();
  },

  // Why the other side stopped, once it has.
  async why_stopped(person) {
    const { request, ended } = comparing.get(person);
    ended?.catch(() => {});
    await phase(request, VerificationPhase.Cancelled).catch(() => {});
    return request.cancellationCode;
  },

  async wait_until_verified(person, { user_id }) {
    const crypto = client(person).getCrypto();
    await crypto.getUserDeviceInfo([user_id], true);
    while (!(await crypto.getUserVerificationStatus(user_id)).isVerified()) {
      await new Promise((resolve) => client(person).once(CryptoEvent.UserTrustStatusChanged, resolve));
    }
  },

  async trust(person, { user_id }) {
    const crypto = client(person).getCrypto();
    const devices = (await crypto.getUserDeviceInfo([user_id], true)).get(user_id) ?? new Map();
    const user = await crypto.getUserVerificationStatus(user_id);
    const signed = {};
    for (const id of devices.keys()) {
      signed[id] = (await crypto.getDeviceVerificationStatus(user_id, id)).crossSigningVerified;
    }
    return { verified: user.isVerified(), devices: signed };
  },

  async wait_for_member(person, { room_id, user_id }) {
    const joined = () => client(person).getRoom(room_id)?.getMember(user_id)?.membership === "join";
    await until(client(person), [RoomStateEvent.Members, ClientEvent.Room], joined);
  },
};

function client(person) {
  if (!people.has(person)) throw new Error(`${person} is not here`);
  return people.get(person);
}

async function phase(request, wanted) {
  await until(request, [VerificationRequestEvent.Change], () =>
    [wanted, VerificationPhase.Cancelled].includes(request.phase),
  );
  if (request.phase !== wanted) throw new Error(`stopped: ${request.cancellationCode}`);
}

// Upload, and prove once more that it is us if the server asks for it.
async function withPassword(upload, user, password) {
  try {
    return await upload(null);
  } catch (error) {
    if (error.httpStatus !== 401) throw error;
    const identifier = { type: "m.id.user", user };
    return await upload({ type: "m.login.password", identifier, password, session: error.data.session });
  }
}

// Wait until the room has come down the sync: one whose encryption is not known yet is written to in the clear.
// What the library takes for our own membership may stay behind, when we join while others are writing; what it
// encrypts for does not.
async function whole(client, room_id) {
  const encrypted = await client.getStateEvent(room_id, "m.room.encryption", "").then(
    () => true,
    () => false,
  );
  if (!encrypted) {
    const joined = () => client.getRoom(room_id)?.getMyMembership() === "join";
    return await until(client, [ClientEvent.Room, RoomStateEvent.Events], joined);
  }
  while (!(client.getRoom(room_id) && (await client.getCrypto().isEncryptionEnabledInRoom(room_id)))) {
    await new Promise((resolve) => client.once(ClientEvent.Sync, resolve));
  }
}

function until(client, changes, reached) {
  return new Promise((resolve) => {
    const look = () => {
      if (!reached()) return;
      for (const change of changes) client.off(change, look);
      resolve();
    };
    for (const change of changes) client.on(change, look);
    look();
  });
}

function listen(person, client) {
  client.on(RoomEvent.MyMembership, (room, membership) => {
    if (membership === "invite") client.joinRoom(room.roomId).catch((error) => console.error(String(error)));
  });
  client.on(RoomEvent.Timeline, (event, room, toStart) => {
    if (!toStart && event.status === null) tell(person, client, event);
  });
  client.on(RoomEvent.LocalEchoUpdated, (event) => {
    if (event.status === null) tell(person, client, event);
  });
  client.on(MatrixEventEvent.Decrypted, (event) => tell(person, client, event));
}

async function tell(person, client, event) {
  if (event.isBeingDecrypted() || event.shouldAttemptDecryption()) return; // Decrypted will come
  const encryption = event.isEncrypted() ? await client.getCrypto().getEncryptionInfoForEvent(event) : null;
  const content = { ...event.getOriginalContent() };
  const relation = event.getWireContent()["m.relates_to"];
  if (relation && !content["m.relates_to"]) content["m.relates_to"] = relation;
  write({
    person,
    seen: {
      event: {
        type: event.getType(),
        room_id: event.getRoomId(),
        event_id: event.getId(),
        sender: event.getSender(),
        state_key: event.getStateKey(),
        origin_server_ts: event.getTs(),
        redacts: event.event.redacts,
        content,
      },
      encrypted: event.isEncrypted(),
      failure: event.isDecryptionFailure() ? String(event.decryptionFailureReason) : null,
      shield: encryption?.shieldReason == null ? null : EventShieldReason[encryption.shieldReason],
    },
  });
}

function write(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const orders = createInterface({ input: process.stdin });
orders.on("line", async (line) => {
  const { id, person, verb, args } = JSON.parse(line);
  try {
    write({ id, value: (await verbs[verb](person, args)) ?? null });
  } catch (error) {
    write({ id, error: String(error?.stack ?? error) });
  }
});
// Whoever started us is gone, even if by a kill.
orders.on("close", () => process.exit(0));
