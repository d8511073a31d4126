import { useMutation } from "@tanstack/preact-query";
import { useEffect, useRef } from "preact/hooks";
import { api, read } from "../../api/client";
import type { Schemas } from "../../api/client";
import { ApiError } from "../../api/errors";
import { useIdempotencyKey } from "../../api/idempotency";
import { queryClient, refreshList, useFields } from "../../api/queries";
import { own } from "../../own";
import { Field as Labelled } from "../../parts/field";
import { Problem } from "../../parts/problem";
import { QueryResult } from "../../parts/query_result";
import { texts } from "../../texts";
import { FieldInput } from "./field_input";
import { fromInput, shownFields, toInput } from "./field_values";
import type { Field } from "./field_values";
import { IdentityInputs, enteredIdentities } from "./identity_inputs";
import type { EnteredIdentity } from "./identity_inputs";

type Contact = Schemas["Contact"];

interface Properties {
  /** Absent for a new contact. */
  contact?: Contact;
  onSaved: (contact: Contact) => void;
  onCancel: () => void;
}

interface Entered {
  name: string;
  identities: EnteredIdentity[];
  customFields: Record<string, unknown>;
}

/** Adds a contact, or changes one. */
export function ContactForm(properties: Properties) {
  const fields = useFields();
  return <QueryResult query={fields}>{(list) => <Form {...properties} fields={list} />}</QueryResult>;
}

function Form({ contact, fields, onSaved, onCancel }: Properties & { fields: Field[] }) {
  const form = useRef<HTMLFormElement>(null);
  const editable = shownFields(fields).filter((field) => !contact || !field.isReadOnly);
  const save = useSave(contact, onSaved);
  const error = save.error instanceof ApiError ? save.error : undefined;
  const errorAt = (row: number) => identityError(error, save.variables?.identities ?? [], row);
  // The page of a new contact begins with its heading.
  useEffect(() => contact && form.current?.querySelector("input")?.focus(), []);
  useEffect(() => form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus(), [error]);

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    if (!save.isPending) save.mutate(readForm(new FormData(event.currentTarget as HTMLFormElement), contact, editable));
  }

  return (
    <form ref={form} class="contact-form" noValidate onSubmit={submit}>
      <Labelled label={texts.fieldNames.name!} error={error?.at("/name")}>
        {(slots) => <input {...slots} name="name" autocomplete="off" dir="auto" maxLength={256} defaultValue={contact?.name} />}
      </Labelled>
      <IdentityInputs identities={contact?.contactIdentities ?? []} errorAt={errorAt} />
      <fieldset class="fields">
        <legend>{texts.contact.details}</legend>
        {editable.map((field) => (
          <FieldInput key={field.id} field={field} name={inputName(field)} value={valueOf(field, contact)} error={error?.at(pointerOf(field))} />
        ))}
      </fieldset>
      <Problem error={save.error} places={shownPlaces(editable, save.variables?.identities ?? [])} />
      <div class="actions">
        <button aria-busy={save.isPending}>{texts.common.save}</button>
        <button type="button" class="secondary" onClick={onCancel}>{texts.common.cancel}</button>
      </div>
    </form>
  );
}

function useSave(contact: Contact | undefined, onSaved: (contact: Contact) => void) {
  const key = useIdempotencyKey();
  return useMutation({
    mutationFn: ({ name, identities, customFields }: Entered) => {
      const body = { name, customFields, contactIdentities: identities.map(({ row: _, ...identity }) => identity) };
      if (contact) return read(api.PUT("/contact/contacts/{id}", { params: { path: { id: contact.id } }, body }));
      return read(api.POST("/contact/contacts", { headers: key.headers(body), body }));
    },
    onSuccess: (saved) => {
      key.renew();
      queryClient.setQueryData(["contact", saved.id], saved);
      refreshList("contacts");
      onSaved(saved);
    },
  });
}

/** A `PUT` clears the fields that it leaves out, so those without an input here are sent as they are. */
function readForm(form: FormData, contact: Contact | undefined, editable: Field[]): Entered {
  // A `Map`, because the name of a field may be `__proto__`.
  const customFields = new Map<string, unknown>(Object.entries(contact?.customFields ?? {}));
  for (const field of editable) {
    const entries = form.getAll(inputName(field)).map(String);
    const before = toInput(field, own(contact?.customFields ?? {}, field.name));
    // An input may show less than the value has, such as milliseconds: what nobody changed stays.
    if (contact && same(entries.filter(Boolean), before)) continue;
    const value = fromInput(field, entries);
    if (value === undefined) customFields.delete(field.name);
    else customFields.set(field.name, value);
  }
  return { name: String(form.get("name")), identities: enteredIdentities(form), customFields: Object.fromEntries(customFields) };
}

/** The error of a row of the form; the API counts only the rows that were sent. */
function identityError(error: ApiError | undefined, sent: EnteredIdentity[], row: number): string | undefined {
  const index = sent.findIndex((identity) => identity.row === row);
  return index < 0 ? undefined : error?.places.find((place) => place.pointer.startsWith(`/contactIdentities/${index}/`))?.message;
}

function shownPlaces(editable: Field[], sent: EnteredIdentity[]): string[] {
  return ["/name", ...editable.map(pointerOf), ...sent.map((_, index) => `/contactIdentities/${index}/value`)];
}

function valueOf(field: Field, contact: Contact | undefined): string[] {
  return toInput(field, contact ? own(contact.customFields, field.name) : field.defaultValue);
}

function inputName(field: Field): string {
  return `field ${field.name}`;
}

/** The JSON Pointer of a field (RFC 6901). */
function pointerOf(field: Field): string {
  return `/customFields/${field.name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function same(one: string[], other: string[]): boolean {
  return one.length === other.length && one.every((entry, index) => entry === other[index]);
}
