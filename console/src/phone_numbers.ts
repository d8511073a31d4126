/** Which phone numbers campaigns reach (docs/api.md, "Text, numbers and addresses"). The API has the last word. */
import { parsePhoneNumberFromString, type CountryCode } from "libphonenumber-js/max";

/** Whether a number is valid as a person types it. Without a country code, it is read as one of the region. */
export function isValidNumber(typed: string, region: string | undefined): boolean {
  return parsePhoneNumberFromString(typed, region as CountryCode | undefined)?.isValid() ?? false;
}

/** Whether campaigns reach a stored number. The API keeps one that is not valid as it was given, often without a `+`. */
export function isReachable(stored: string): boolean {
  return stored.startsWith("+") && isValidNumber(stored, undefined);
}
