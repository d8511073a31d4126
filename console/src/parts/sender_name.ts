import type { Schemas } from "../api/client";
import { texts } from "../texts";

/** The name of a sender, with its number where the name does not tell it. */
export function senderName(account: Schemas["ChannelAccount"] | undefined): string {
  if (!account) return texts.campaigns.unknownSender;
  return account.name === account.number || !account.number ? account.name : `${account.name} (${account.number})`;
}
