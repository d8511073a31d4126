/** Counts the segments of a text, which carriers charge for. The preview of the API has the exact figures. */
import { SegmentedMessage } from "sms-segments-calculator";
import type { Schemas } from "./api/client";

export type Carrier = Schemas["ChannelAccount"]["carrier"];

export interface SegmentCount {
  encoding: string;
  segments: number;
  characters: number;
  /** What keeps the text from the encoding with more room. */
  expensive: string[];
}

const MOST_CHARACTERS = 5;

/** The most segments that a carrier takes (docs/api.md, "Merge fields"). */
export const MAX_SEGMENTS: Partial<Record<Carrier, number>> = { telnyxsms: 10 };

export function countSegments(text: string, carrier: Carrier | undefined, replacesSmartQuotes: boolean): SegmentCount {
  const counted = segmented(text, carrier, replacesSmartQuotes);
  // Typography that would be replaced is not what keeps the text from it.
  const culprits = replacesSmartQuotes ? new SegmentedMessage(text, "auto", true) : counted;
  return {
    encoding: counted.encodingName,
    segments: text === "" ? 0 : Math.max(1, counted.segmentsCount),
    characters: [...text].length,
    expensive: counted.encodingName === "UCS-2" ? [...new Set(expensive(culprits, carrier))] : [],
  };
}

/** The first of the characters, as a person sees them; an invisible one by its number. */
export function charactersText(characters: string[]): string {
  const shown = (character: string) => (/^[\p{Z}\p{C}]/u.test(character) ? `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}` : character);
  return characters.slice(0, MOST_CHARACTERS).map(shown).join(" ");
}

function segmented(text: string, carrier: Carrier | undefined, replacesSmartQuotes: boolean): SegmentedMessage {
  // Telnyx sends a text with a euro sign as UCS-2.
  const encoding = carrier === "telnyxsms" && text.includes("€") ? "UCS-2" : "auto";
  const plain = replacesSmartQuotes ? new SegmentedMessage(text, encoding, true) : null;
  // Typography is replaced only where that makes the whole text GSM-7.
  return plain?.encodingName === "GSM-7" ? plain : new SegmentedMessage(text, encoding);
}

function expensive(counted: SegmentedMessage, carrier: Carrier | undefined): string[] {
  const found = counted.getNonGsmCharacters();
  return carrier === "telnyxsms" && counted.graphemes.includes("€") ? [...found, "€"] : found;
}
