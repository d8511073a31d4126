import { Field } from "../../parts/field";
import { texts } from "../../texts";
import type { Change, Draft } from "./draft";

const words = texts.campaign.options;

interface OptionProperties {
  draft: Draft;
  errorAt: (pointer: string) => string | undefined;
  onChange: Change;
}

/** The settings that few campaigns need. They are folded away unless one of them is wrong. */
export function Options(properties: OptionProperties) {
  const isWrong = ["/maxSegments", "/callbackURL"].some(properties.errorAt);
  return (
    <details open={isWrong || undefined}>
      <summary>{words.title}</summary>
      <CheckBox label={words.quotes} value={properties.draft.replacesSmartQuotes} onChange={(replacesSmartQuotes) => properties.onChange({ replacesSmartQuotes })} />
      <Budget {...properties} />
      <CallbackUrl {...properties} />
      <Tickets {...properties} />
    </details>
  );
}

function CheckBox({ label, value, onChange }: { label: string; value: boolean; onChange: (value: boolean) => void }) {
  return (
    <label>
      <input type="checkbox" checked={value} onChange={(event) => onChange(event.currentTarget.checked)} /> {label}
    </label>
  );
}

function Budget({ draft, errorAt, onChange }: OptionProperties) {
  return (
    <Field label={words.budget} hint={words.budgetHint} error={errorAt("/maxSegments")}>
      {(slots) => (
        <input
          {...slots}
          type="number"
          min={1}
          step={1}
          value={draft.maxSegments ?? ""}
          onInput={(event) => onChange({ maxSegments: event.currentTarget.value === "" ? null : Number(event.currentTarget.value) })}
        />
      )}
    </Field>
  );
}

function CallbackUrl({ draft, errorAt, onChange }: OptionProperties) {
  return (
    <Field label={words.callback} hint={words.callbackHint} error={errorAt("/callbackURL")}>
      {(slots) => (
        <input
          {...slots}
          type="text"
          inputMode="url"
          maxLength={2_000}
          value={draft.callbackURL ?? ""}
          onInput={(event) => onChange({ callbackURL: event.currentTarget.value || null })}
        />
      )}
    </Field>
  );
}

function Tickets({ draft, onChange }: OptionProperties) {
  return (
    <>
      <CheckBox
        label={words.tickets}
        value={draft.isMessageAutoAttachedToTicket}
        onChange={(isMessageAutoAttachedToTicket) => onChange({ isMessageAutoAttachedToTicket })}
      />
      {draft.isMessageAutoAttachedToTicket && (
        <>
          <Choice
            label={words.ticketTime}
            value={draft.timeToAutoAttachToTicket ?? "whenTheMessageIsSent"}
            options={words.ticketTimes}
            onChange={(timeToAutoAttachToTicket) => onChange({ timeToAutoAttachToTicket })}
          />
          <Choice
            label={words.ticket}
            value={draft.preferredTicketToAutoAttach ?? "existing"}
            options={words.ticketKinds}
            onChange={(preferredTicketToAutoAttach) => onChange({ preferredTicketToAutoAttach })}
          />
        </>
      )}
    </>
  );
}

function Choice<T extends string>(properties: { label: string; value: T; options: Record<T, string>; onChange: (value: T) => void }) {
  const options = Object.entries<string>(properties.options);
  return (
    <Field label={properties.label}>
      {(slots) => (
        <select {...slots} value={properties.value} onChange={(event) => properties.onChange(event.currentTarget.value as T)}>
          {options.map(([value, text]) => <option key={value} value={value}>{text}</option>)}
        </select>
      )}
    </Field>
  );
}
