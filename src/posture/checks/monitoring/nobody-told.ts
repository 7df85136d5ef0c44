import { type Diagnostic, diagnose } from '../../../diagnostic/diagnostic.ts';
import { fieldsOf, listOf } from '../../../segmentation/values.ts';
import type { PrometheusConfig } from '../../controls/prometheus.ts';
import type { Check } from '../definition.ts';

/** Metrics that are collected, and nobody is told of anything. */
export const nobodyTold: Check = {
  code: 'PKT1303',
  title: 'Prometheus that tells nobody',
  class: 'provable',
  severity: 'note',
  since: '0.2.0',
  doc: `The configuration collects metrics, and has no \`rule_files\` that would make alerts of them, or no \`alerting.alertmanagers\` that
would send the alerts anywhere. Alerts without a receiver show on a page of Prometheus and nowhere else.

What is collected here are counters and gauges: they tell how much, not who talked to whom. For single connections, records of
flows are needed (Hubble, IPFIX).

Add both. A configuration with \`remote_write\` is not reported: alerts may be made where the series go.`,
  example: {
    bad: 'scrape_configs:\n- job_name: network-flows',
    good: 'rule_files: [/etc/prometheus/alerts.yml]\nalerting:\n  alertmanagers:\n  - static_configs: [{targets: ["alertmanager:9093"]}]\nscrape_configs:\n- job_name: network-flows',
  },
  run({ controls }) {
    return controls.prometheusConfigs.flatMap((config) => finding(config) ?? []);
  },
};

function finding(config: PrometheusConfig): Diagnostic | undefined {
  const { document, jobs, ruleFiles, hasAlertmanagers, key } = config;
  const fields = fieldsOf(document.value);
  if (jobs.length === 0 || listOf(fields.remote_write).length > 0) return undefined;
  if (ruleFiles.length > 0 && hasAlertmanagers) return undefined;
  if (ruleFiles.length > 0) {
    return diagnose(nobodyTold, {
      message: 'alerts of these rules go to nobody: there are no `alertmanagers`',
      span: document.keyAt(['rule_files']),
      help: 'add `alerting: {alertmanagers: [{static_configs: [{targets: ["alertmanager:9093"]}]}]}`',
    });
  }
  const what = hasAlertmanagers ? 'no `rule_files`' : 'no `rule_files` and no `alertmanagers`';
  return diagnose(nobodyTold, {
    message: `metrics are collected and nobody is told of anything: there are ${what}`,
    span: hasAlertmanagers ? document.keyAt(['alerting']) : key.keySpan,
    help: hasAlertmanagers
      ? 'add `rule_files` with alerts, such as `up == 0` of the exporters'
      : 'add `rule_files` with alerts, such as `up == 0` of the exporters, and `alerting.alertmanagers`',
  });
}
