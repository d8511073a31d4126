import type { ComponentChildren } from "preact";
import type { Schemas } from "../../api/client";
import { useFields } from "../../api/queries";
import { formatTime } from "../../format";
import { own } from "../../own";
import { fieldLabel } from "../../parts/field_label";
import { Isolated } from "../../parts/isolated";
import { OptedOutMark } from "../../parts/opted_out_mark";
import { isReachable } from "../../phone_numbers";
import { texts } from "../../texts";
import { shownFields, toText } from "./field_values";
import { recipientNumber } from "./identities";

type Contact = Schemas["Contact"];

/** What is known of a contact. Details without a value are left out. */
export function ContactFacts({ contact }: { contact: Contact }) {
  const fields = shownFields(useFields().data ?? []);
  const known = fields.filter((field) => (own(contact.customFields, field.name) ?? null) !== null);
  return (
    <dl class="facts">
      <Fact label={texts.contacts.name}><Isolated text={contact.name} /></Fact>
      {contact.contactIdentities.map((identity) => (
        <Fact key={identity.id} label={fieldLabel(identity.contactIdentityType)}>
          {identity.isDeleted ? <s><Isolated text={identity.value} /></s> : <Isolated text={identity.value} />}
          {isUnusable(identity) && <> <small class="field-error">{texts.contact.invalidNumber}</small></>}
          {contact.isOptedOut && identity.contactIdentityType === "SMS" && identity.value === recipientNumber(contact) && <> <OptedOutMark /></>}
        </Fact>
      ))}
      {known.map((field) => (
        <Fact key={field.id} label={fieldLabel(field.name)}><span class="text"><Isolated text={toText(field, own(contact.customFields, field.name))} /></span></Fact>
      ))}
      <Fact label={texts.contact.created}>{formatTime(contact.createTime)}</Fact>
      <Fact label={texts.contact.changed}>{formatTime(contact.lastUpdatedTime)}</Fact>
    </dl>
  );
}

/** Whether an identity is a mobile number that campaigns leave out. */
function isUnusable({ contactIdentityType: type, isDeleted, value }: Schemas["Identity"]): boolean {
  return type === "SMS" && !isDeleted && !isReachable(value);
}

function Fact({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </>
  );
}
