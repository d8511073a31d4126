import { useSite } from "../api/queries";
import { formatNumber } from "../format";
import { Page } from "../parts/page";
import { QueryResult } from "../parts/query_result";
import { texts } from "../texts";
import type { Schemas } from "../api/client";

/** Whose key this is, and what it may do. */
export function SitePage() {
  const site = useSite();
  return (
    <Page title={texts.site.title}>
      <QueryResult query={site}>{(data) => <SiteFacts site={data} />}</QueryResult>
    </Page>
  );
}

function SiteFacts({ site }: { site: Schemas["Site"] }) {
  const region = new Intl.DisplayNames(undefined, { type: "region" });
  return (
    <dl class="facts">
      <dt>{texts.site.site}</dt>
      <dd>{site.siteId}</dd>
      <dt>{texts.site.key}</dt>
      <dd>{site.keyName}</dd>
      <dt>{texts.site.scopes}</dt>
      <dd>{site.scopes.length > 0 ? site.scopes.join(", ") : texts.site.everything}</dd>
      <dt>{texts.site.region}</dt>
      <dd>{region.of(site.defaultRegion) ?? site.defaultRegion}</dd>
      <dt>{texts.site.sendingHours}</dt>
      <dd>{site.sendingHours ?? texts.site.anyTime}</dd>
      <dt>{texts.site.quota}</dt>
      <dd>{quotaText(site.quotas)}</dd>
      <dt>{texts.site.version}</dt>
      <dd>{site.version}</dd>
    </dl>
  );
}

function quotaText({ dailySegments, usedSegments }: Schemas["Quotas"]): string {
  if (dailySegments === null) return texts.site.unlimited;
  return texts.site.used(formatNumber(usedSegments ?? 0), formatNumber(dailySegments));
}
