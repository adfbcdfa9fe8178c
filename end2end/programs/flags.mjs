// What GrowthBook's and OpenFeature's JavaScript clients find must be the arms flags.py found; they come on standard input.
import { readFileSync } from "node:fs";
import { GrowthBook } from "@growthbook/growthbook";
import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OpenFeature } from "@openfeature/server-sdk";

const { base, secret, key, flags, plans, units, arms } = JSON.parse(readFileSync(0, "utf8"));

function check(found, n, who) {
  if (JSON.stringify(found) !== JSON.stringify(arms[n])) {
    throw new Error(`${who} for ${units[n]}: ${JSON.stringify(found)}, not ${JSON.stringify(arms[n])}`);
  }
}

const client = new GrowthBook({ apiHost: base, clientKey: key });
await client.init({ timeout: 5000 });
for (const [n, id] of units.entries()) {
  await client.setAttributes({ id, plan: plans[n % 3] });
  check(flags.map((flag) => client.getFeatureValue(flag, "none")), n, "GrowthBook");
}
client.destroy();

await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: base, headers: [["Authorization", `Bearer ${secret}`]] }));
const openFeature = OpenFeature.getClient();
for (let n = 0; n < units.length; n += Math.max(1, Math.floor(units.length / 200))) {
  const context = { targetingKey: units[n], plan: plans[n % 3] };
  const found = [];
  for (const flag of flags) found.push(await openFeature.getStringValue(flag, "none", context));
  check(found, n, "OpenFeature");
}
await OpenFeature.close();
