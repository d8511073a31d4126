import { keepPreviousData, useMutation, useQuery } from "@tanstack/preact-query";
import { useState } from "preact/hooks";
import { api, read, type Schemas } from "../../api/client";
import { useIdempotencyKey } from "../../api/idempotency";
import { POLL_MILLISECONDS, useCan } from "../../api/queries";
import { ApiError } from "../../api/errors";
import { Field } from "../../parts/field";
import { Problem } from "../../parts/problem";
import { StatusMark } from "../../parts/status_mark";
import { texts } from "../../texts";
import { listContacts } from "../contacts/list_contacts";
import type { Saved } from "./saved";
import { useDebounced } from "./use_debounced";

const words = texts.campaign.test;
const FINAL = ["delivered", "undelivered", "failed"];

/** Sends the text to one number, as one of the contacts would get it. */
export function TestMessage({ saved }: { saved: Saved }) {
  const canSend = useCan()("outreach:send");
  return (
    <section aria-labelledby="test-title">
      <h2 id="test-title">{words.title}</h2>
      <p>{canSend ? words.intro : words.forbidden}</p>
      {canSend && <TestForm saved={saved} />}
    </section>
  );
}

function TestForm({ saved }: { saved: Saved }) {
  const [to, setTo] = useState("");
  const [contactId, setContactId] = useState<string | null>(null);
  const [isMissing, setMissing] = useState(false);
  const test = useTest();
  const error = test.error instanceof ApiError ? test.error : null;

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    setMissing(!to.trim());
    if (to.trim() && !test.isPending) test.mutate({ body: { to: to.trim(), contactId }, save: saved.save });
  }
  return (
    <form onSubmit={submit} noValidate>
      <Field label={words.to} hint={words.toHint} error={isMissing ? words.toMissing : error?.at("/to")}>
        {(slots) => <input {...slots} type="tel" autocomplete="tel" required value={to} onInput={(event) => setTo(event.currentTarget.value)} />}
      </Field>
      <ContactChooser value={contactId} error={error?.at("/contactId")} onChange={setContactId} />
      <button class="secondary outline" aria-busy={test.isPending}>{saved.isDirty ? words.saveAndRun : words.run}</button>
      {error?.at("/to") || error?.at("/contactId") || saved.isOwnError(test.error) ? null : <Problem error={test.error} />}
      {test.data && <TestResult key={test.data.id} message={test.data} />}
    </form>
  );
}

function useTest() {
  const key = useIdempotencyKey();
  return useMutation({
    mutationFn: async ({ body, save }: { body: Schemas["CampaignTestBody"]; save: Saved["save"] }) =>
      read(api.POST("/outreach/campaigns/{id}:test", { params: { path: { id: await save() } }, headers: key.headers(body), body })),
    onSuccess: key.renew,
  });
}

/** Finds a contact by name or number. */
function ContactChooser({ value, error, onChange }: { value: string | null; error: string | undefined; onChange: (id: string | null) => void }) {
  const [keywords, setKeywords] = useState("");
  const contacts = useContacts(useDebounced(keywords.trim()));
  if (!useCan()("contact:read")) return null;
  return (
    <>
      <Field label={words.find} hint={words.findHint}>
        {(slots) => <input {...slots} type="search" value={keywords} onInput={(event) => setKeywords(event.currentTarget.value)} />}
      </Field>
      <Field label={words.contact} error={error}>
        {(slots) => (
          <select {...slots} value={value ?? ""} onChange={(event) => onChange(event.currentTarget.value || null)}>
            <option value="">{words.first}</option>
            {contacts.map((contact) => <option key={contact.id} value={contact.id}>{contact.name}</option>)}
          </select>
        )}
      </Field>
    </>
  );
}

function useContacts(keywords: string): Schemas["Contact"][] {
  const query = useQuery({
    queryKey: ["contactsByKeywords", keywords],
    queryFn: ({ signal }) => listContacts({ keywords, pageSize: 20 }, signal),
    enabled: keywords !== "",
    placeholderData: keepPreviousData,
  });
  return keywords ? (query.data?.contacts ?? []) : [];
}

/** The test's message, whose status is read until it is final. */
function TestResult({ message }: { message: Schemas["Message"] }) {
  const query = useQuery({
    queryKey: ["message", message.id],
    queryFn: () => read(api.GET("/outreach/messages/{id}", { params: { path: { id: message.id } } })),
    initialData: message,
    enabled: useCan()("outreach:read"),
    refetchInterval: ({ state }) => (state.data && FINAL.includes(state.data.status) ? false : POLL_MILLISECONDS),
  });
  const { to, status, failedReason, message: text } = query.data;
  return (
    <figure class="phone" role="status">
      <figcaption>{words.result(to)}: <StatusMark status={status} /> {failedReason}</figcaption>
      <p class="bubble">{text}</p>
    </figure>
  );
}
