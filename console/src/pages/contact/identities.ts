import type { Schemas } from "../../api/client";

export const NOT_MERGED = "00000000-0000-0000-0000-000000000000";

/** What tells contacts apart: numbers, addresses and other ids. */
export const IDENTITY_TYPES: Schemas["Identity"]["contactIdentityType"][] = [
  "SMS", "email", "whatsApp", "externalID", "SSOID", "visitor", "facebook", "instagram", "telegram", "line", "twitter", "wechat",
];

/** The values of a contact's identities of one type that are in use. Messages go to the first one of the type `SMS`. */
export function identityValues(contact: Schemas["Contact"], type: Schemas["Identity"]["contactIdentityType"]): string[] {
  return contact.contactIdentities.filter((entry) => entry.contactIdentityType === type && !entry.isDeleted).map((entry) => entry.value);
}

/** The number that gets the contact's messages. */
export function recipientNumber(contact: Schemas["Contact"]): string | undefined {
  return identityValues(contact, "SMS")[0];
}
