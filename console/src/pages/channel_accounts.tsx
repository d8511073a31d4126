import type { Schemas } from "../api/client";
import { useChannelAccounts } from "../api/queries";
import { formatNumber, formatTime } from "../format";
import { own } from "../own";
import { Page } from "../parts/page";
import { QueryResult } from "../parts/query_result";
import { StatusMark } from "../parts/status_mark";
import { Table, TableHead } from "../parts/table";
import { texts } from "../texts";

/** The senders of the site and their state. */
export function ChannelAccountsPage() {
  const accounts = useChannelAccounts();
  return (
    <Page title={texts.navigation.accounts}>
      <p>{texts.accounts.intro}</p>
      <QueryResult query={accounts}>
        {({ channelAccounts }) => (channelAccounts.length === 0 ? <p>{texts.accounts.empty}</p> : <Accounts accounts={channelAccounts} />)}
      </QueryResult>
    </Page>
  );
}

function Accounts({ accounts }: { accounts: Schemas["ChannelAccount"][] }) {
  return (
    <Table label={texts.navigation.accounts} stacks>
      <TableHead columns={Object.values(texts.accounts.columns)} />
      <tbody>{accounts.map((account) => <Account key={account.id} account={account} />)}</tbody>
    </Table>
  );
}

function Account({ account }: { account: Schemas["ChannelAccount"] }) {
  return (
    <tr>
      <th scope="row">{account.name}</th>
      <td><State account={account} /></td>
      <td data-label={texts.accounts.columns.number}>{account.number}</td>
      <td data-label={texts.accounts.columns.type}>{texts.accounts.types[account.senderType]}</td>
      <td data-label={texts.accounts.columns.carrier}>{own(texts.accounts.carriers, account.carrier) ?? account.carrier}</td>
      <td data-label={texts.accounts.columns.rate}>{texts.accounts.rate(formatNumber(account.messagesPerSecond))}</td>
    </tr>
  );
}

function State({ account }: { account: Schemas["ChannelAccount"] }) {
  return (
    <>
      <StatusMark status={account.status} />
      {account.status === "paused" && (
        <p>
          {texts.accounts.reason(account.statusReason ?? "")} {account.pausedUntil && texts.accounts.until(formatTime(account.pausedUntil))} {texts.accounts.todo}
        </p>
      )}
    </>
  );
}
