import { useState } from "preact/hooks";
import type { Schemas } from "../../api/client";
import { useSite } from "../../api/queries";
import { formatNumber } from "../../format";
import { fieldLabel } from "../../parts/field_label";
import { isValidNumber } from "../../phone_numbers";
import { texts } from "../../texts";
import { IDENTITY_TYPES } from "./identities";

type Type = Schemas["Identity"]["contactIdentityType"];

const FIRST_ROWS: Row[] = [{ type: "SMS", value: "" }, { type: "email", value: "" }];

interface Row {
  /** Of an identity that is there already. */
  id?: string;
  type: Type;
  value: string;
}

/** One identity of the form, as the API takes it; `row` is its place in the form. */
export interface EnteredIdentity {
  row: number;
  id?: string;
  contactIdentityType: Type;
  value: string;
}

/** The contact's numbers and addresses as rows of type and value, which can be added and removed. */
export function IdentityInputs({ identities, errorAt }: { identities: Schemas["Identity"][]; errorAt: (row: number) => string | undefined }) {
  const [rows, setRows] = useState<(Row & { number: number })[]>(() => firstRows(identities));
  const next = Math.max(-1, ...rows.map((row) => row.number)) + 1;
  return (
    <fieldset class="identities">
      <legend>{texts.contact.identities}</legend>
      {rows.map((row, index) => (
        <IdentityRow key={row.number} row={row} position={formatNumber(index + 1)} error={errorAt(row.number)} onRemove={() => setRows(rows.filter((other) => other !== row))} />
      ))}
      <small>{texts.contact.identityHint}</small>
      <button type="button" class="secondary outline" onClick={() => setRows([...rows, { type: "SMS", value: "", number: next }])}>{texts.contact.addIdentity}</button>
    </fieldset>
  );
}

/** Reads the identities of the form; rows without a value are none. */
export function enteredIdentities(form: FormData): EnteredIdentity[] {
  const rows = form.getAll("identityRow").map(String);
  const entered = rows.map((row) => ({
    row: Number(row),
    ...(form.get(`identityId${row}`) ? { id: String(form.get(`identityId${row}`)) } : {}),
    contactIdentityType: String(form.get(`identityType${row}`)) as Type,
    value: String(form.get(`identityValue${row}`)),
  }));
  return entered.filter((identity) => identity.value.trim() !== "");
}

function IdentityRow({ row, position, error, onRemove }: { row: Row & { number: number }; position: string; error: string | undefined; onRemove: () => void }) {
  const [{ type, value }, setEntered] = useState<Row>(row);
  const region = useSite().data?.defaultRegion;
  const isInvalid = type === "SMS" && value.trim() !== "" && !isValidNumber(value, region);
  const noteId = `identity-note-${row.number}`;
  const note = error ?? (isInvalid ? texts.contact.invalidEntry : undefined);
  return (
    <div class="identity" role="group" aria-label={texts.contact.identityRow(position)}>
      <input type="hidden" name="identityRow" value={row.number} />
      {row.id && <input type="hidden" name={`identityId${row.number}`} value={row.id} />}
      <select name={`identityType${row.number}`} aria-label={texts.contact.identityType} onChange={(event) => setEntered({ type: event.currentTarget.value as Type, value })}>
        {IDENTITY_TYPES.map((option) => <option key={option} value={option} selected={option === row.type}>{fieldLabel(option)}</option>)}
      </select>
      <input
        name={`identityValue${row.number}`}
        defaultValue={row.value}
        aria-label={texts.contact.identityValue}
        autocomplete="off"
        dir="auto"
        aria-invalid={error ? "true" : undefined}
        aria-describedby={note ? noteId : undefined}
        onInput={(event) => setEntered({ type, value: event.currentTarget.value })}
      />
      <button type="button" class="secondary outline" aria-label={texts.contact.removeIdentity(position)} onClick={onRemove}>
        <span aria-hidden="true">✕</span>
      </button>
      {note && <small id={noteId} class="field-error">{note}</small>}
    </div>
  );
}

function firstRows(identities: Schemas["Identity"][]): (Row & { number: number })[] {
  const rows: Row[] = identities.map((identity) => ({ id: identity.id, type: identity.contactIdentityType, value: identity.value }));
  return (rows.length > 0 ? rows : FIRST_ROWS).map((row, number) => ({ ...row, number }));
}
