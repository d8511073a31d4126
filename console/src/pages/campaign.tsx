import { useQuery, useQueryClient } from "@tanstack/preact-query";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, read, type Schemas } from "../api/client";
import { SLOW_POLL_MILLISECONDS, useChannelAccounts, useFields } from "../api/queries";
import { navigate } from "../parts/address";
import { Together } from "../parts/loading";
import { Page } from "../parts/page";
import { QueryResult } from "../parts/query_result";
import { useUnsavedChanges } from "../parts/unsaved_changes";
import { texts } from "../texts";
import { draftOf, emptyDraft } from "./campaign/draft";
import { Editor, useEditor, type EditorState } from "./campaign/editor";
import { Preview } from "./campaign/preview";
import { IncompleteDraft, type Saved } from "./campaign/saved";
import { Schedule } from "./campaign/schedule";
import { Send } from "./campaign/send";
import { TestMessage } from "./campaign/test_message";

type Campaign = Schemas["Campaign"];

/** A campaign: its text and people, and everything up to its send. The id `new` stands for a campaign that does not exist yet. */
export function CampaignPage({ id }: { id: string }) {
  return id === "new" ? <NewCampaign /> : <ExistingCampaign id={id} />;
}

function NewCampaign() {
  const accounts = useChannelAccounts();
  return (
    <Page title={texts.campaign.newTitle}>
      <Together queries={[useFields()]}>
        <QueryResult query={accounts}>{({ channelAccounts }) => <NewEditor onlyAccount={channelAccounts.length === 1 ? channelAccounts[0]!.id : ""} />}</QueryResult>
      </Together>
    </Page>
  );
}

function NewEditor({ onlyAccount }: { onlyAccount: string }) {
  const start = useRef(emptyDraft(onlyAccount)).current;
  const editor = useEditor(null, start);
  const [created, setCreated] = useState<string>();
  useUnsavedChanges(editor.isDirty && !created, texts.campaign.leave);
  useEffect(() => {
    if (created) navigate(`/campaigns/${created}`, { replace: true });
  }, [created]);
  return <Editor isNew state={editor} onSaved={(campaign) => setCreated(campaign.id)} />;
}

function ExistingCampaign({ id }: { id: string }) {
  const [version, setVersion] = useState(0);
  const campaign = useQuery({
    queryKey: ["campaign", id],
    queryFn: () => read(api.GET("/outreach/campaigns/{id}", { params: { path: { id } } })),
    // Somebody else may change it, and a schedule ends by itself.
    refetchInterval: SLOW_POLL_MILLISECONDS,
  });
  return (
    <Page title={campaign.data?.name ?? (campaign.error ? texts.campaigns.title : texts.common.loading)}>
      <Together queries={[useFields(), useChannelAccounts()]}>
        <QueryResult query={campaign}>{(data) => <CampaignParts key={version} campaign={data} onReload={() => setVersion(version + 1)} />}</QueryResult>
      </Together>
    </Page>
  );
}

function CampaignParts({ campaign, onReload }: { campaign: Campaign; onReload: () => void }) {
  const start = useRef(draftOf(campaign)).current;
  const editor = useEditor(campaign, start);
  const queries = useQueryClient();
  useUnsavedChanges(editor.isDirty, texts.campaign.leave);
  const saved = savedOf(campaign.id, editor);
  return (
    <>
      {editor.isOutdated(campaign) && (
        <div class="warning" role="alert">
          <p>{texts.campaign.outdated}</p>
          <button type="button" class="secondary" onClick={onReload}>{texts.campaign.reload}</button>
        </div>
      )}
      <Editor state={editor} />
      <Preview saved={saved} />
      <TestMessage saved={saved} />
      <Schedule campaign={campaign} saved={saved} onChanged={(changed) => queries.setQueryData(["campaign", changed.id], changed)} />
      <Send saved={saved} />
    </>
  );
}

/** The parts below the editor act on what is saved, so they save first. */
function savedOf(id: string, editor: EditorState): Saved {
  return {
    id,
    isDirty: editor.isDirty,
    save: async () => (await editor.save()).id,
    isOwnError: (error) => error !== null && (error instanceof IncompleteDraft || error === editor.error),
  };
}
