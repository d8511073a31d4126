import { useState } from "preact/hooks";
import { api, read } from "../api/client";
import { ApiError } from "../api/errors";
import { signIn, wasRefused } from "../api/session";
import { Announcer } from "../parts/announcer";
import { Field } from "../parts/field";
import { Page } from "../parts/page";
import { texts } from "../texts";

/** Asks for the API key, and keeps it if the API knows it. */
export function SignInPage() {
  const [error, setError] = useState(wasRefused() ? texts.signIn.ended : undefined);
  const [busy, setBusy] = useState(false);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (busy) return;
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setError(await reasonToRefuse(String(form.get("key")).trim()));
    setBusy(false);
  }

  return (
    <main class="sign-in container">
      <Page title={texts.signIn.title} focus="input">
        <form onSubmit={submit}>
          <Field label={texts.signIn.key} hint={texts.signIn.hint} error={error}>
            {(slots) => <input {...slots} name="key" type="password" autocomplete="off" autofocus required />}
          </Field>
          <button aria-busy={busy}>{texts.signIn.submit}</button>
        </form>
      </Page>
      <Announcer />
    </main>
  );
}

/** Signs in with a key; returns why that is not possible. */
async function reasonToRefuse(key: string): Promise<string | undefined> {
  try {
    await read(api.GET("/site", { headers: { Authorization: `Bearer ${key}` } }));
  } catch (error) {
    return error instanceof ApiError && error.status !== 401 ? error.message : texts.signIn.refused;
  }
  signIn(key);
  return undefined;
}
