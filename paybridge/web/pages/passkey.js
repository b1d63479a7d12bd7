// Asks the browser for the answer of a passkey, and sends it with the page's own form.
"use strict";

(() => {
  const form = document.querySelector("form[data-passkey]");
  const button = form.querySelector("button[data-passkey]");
  const failed = form.querySelector("[data-passkey-failed]");
  const toBytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  const toText = (bytes) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes)))
      .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const known = (list) => (list ?? []).map((one) => ({ ...one, id: toBytes(one.id) }));

  const ask = async () => {
    const proof = new URLSearchParams({ proof: form.elements.proof.value });
    const answer = await fetch(`${location.pathname}/passkey`, { method: "POST", body: proof });
    if (!answer.ok) throw new Error(`asked, and was answered ${answer.status}`);
    const asked = await answer.json();
    asked.challenge = toBytes(asked.challenge);
    if (form.dataset.passkey === "create") {
      asked.user.id = toBytes(asked.user.id);
      asked.excludeCredentials = known(asked.excludeCredentials);
      return navigator.credentials.create({ publicKey: asked });
    }
    asked.allowCredentials = known(asked.allowCredentials);
    return navigator.credentials.get({ publicKey: asked });
  };

  const told = (credential) => {
    const names = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
    const found = names.filter((name) => credential.response[name]);
    return JSON.stringify({
      id: credential.id,
      rawId: toText(credential.rawId),
      type: credential.type,
      response: Object.fromEntries(found.map((name) => [name, toText(credential.response[name])])),
    });
  };

  const field = (name, value) => {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name, value });
    form.append(input);
  };

  const go = async () => {
    const named = form.elements.namedItem("name");
    if (named && !named.reportValidity()) return;
    button.disabled = true;
    failed.hidden = true;
    try {
      field("answer", told(await ask()));
      field("deed", "passkey");
      form.submit();
    } catch {
      failed.hidden = false;
      button.disabled = false;
    }
  };

  button.addEventListener("click", go);
  if (form.dataset.passkey === "create") {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      go();
    });
  }
  if (window.PublicKeyCredential) button.hidden = false;
  else failed.hidden = false;
})();
