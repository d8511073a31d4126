import type { Schemas } from "../../api/client";
import { useChannelAccounts } from "../../api/queries";
import { formatNumber, formatTime } from "../../format";
import { Field } from "../../parts/field";
import { QueryResult } from "../../parts/query_result";
import { StatusMark } from "../../parts/status_mark";
import { senderName } from "../../parts/sender_name";
import { texts } from "../../texts";

type Account = Schemas["ChannelAccount"];

/** Chooses the channel account that sends, and shows its state. */
export function SenderChoice(properties: { value: string; error?: string | undefined; onChange: (id: string) => void }) {
  const accounts = useChannelAccounts();
  return (
    <QueryResult query={accounts}>
      {(list) => <Choice {...properties} accounts={list.channelAccounts} />}
    </QueryResult>
  );
}

function Choice({ accounts, value, error, onChange }: { accounts: Account[]; value: string; error?: string | undefined; onChange: (id: string) => void }) {
  const chosen = accounts.find((account) => account.id === value);
  if (accounts.length === 0) return <p class="warning">{texts.campaign.sender.none}</p>;
  return (
    <>
      <Field label={texts.campaign.sender.label} error={error}>
        {(slots) => (
          <select {...slots} value={value} required onChange={(event) => onChange(event.currentTarget.value)}>
            {!chosen && <option value={value}>{value ? texts.campaign.sender.gone : texts.campaign.sender.choose}</option>}
            {accounts.map((account) => <option key={account.id} value={account.id}>{optionText(account)}</option>)}
          </select>
        )}
      </Field>
      {chosen && <SenderState account={chosen} />}
    </>
  );
}

function optionText(account: Account): string {
  return account.status === "paused" ? `${senderName(account)}, ${texts.campaign.sender.paused}` : senderName(account);
}

function SenderState({ account }: { account: Account }) {
  const words = texts.campaign.sender;
  return (
    <>
      {account.status === "paused" && (
        <p class="warning">
          <StatusMark status="paused" /> {words.pausedText(account.statusReason ?? "")}{" "}
          {account.pausedUntil && words.pausedUntil(formatTime(account.pausedUntil))}
        </p>
      )}
      {account.senderType === "alphanumeric" && <p class="warning">{words.oneWay}</p>}
      <p>
        <small>
          {account.status === "active" && words.active} {words.rate(formatNumber(account.messagesPerSecond))}{" "}
          {account.senderType === "pool" && words.pool}
        </small>
      </p>
    </>
  );
}
