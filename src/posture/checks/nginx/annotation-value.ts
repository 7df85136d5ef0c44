import { diagnose } from '../../../diagnostic/diagnostic.ts';
import { nginxAnnotationNames } from '../../../product/ingress-nginx-annotations.ts';
import type { Check } from '../definition.ts';
import { valueProblem } from './value-problem.ts';

/** Annotations of ingress-nginx whose value it cannot read. */
export const annotationValue: Check = {
  code: 'PKT1102',
  title: 'Value that ingress-nginx cannot read',
  class: 'product',
  severity: 'error',
  since: '0.2.0',
  doc: `The annotation takes another kind of value: a number without a unit, \`true\` or \`false\` and not \`on\`, address ranges in CIDR
notation. The controller logs that it cannot read the value, and does not do what the annotation asks for; its admission
webhook, where there is one, refuses the Ingress.

Write a value of the right kind, in quotes: all annotations are texts.`,
  example: {
    bad: 'nginx.ingress.kubernetes.io/limit-rps: "10r/s"',
    good: 'nginx.ingress.kubernetes.io/limit-rps: "10"',
  },
  run({ controls }) {
    return controls.nginxAnnotations.flatMap(({ name, value, span }) => {
      const setting = nginxAnnotationNames.get(name);
      const problem = setting && valueProblem(setting, value);
      if (problem === undefined) return [];
      return [
        diagnose(annotationValue, {
          message: `ingress-nginx cannot read ${problem.wrong} as \`${name}\`, so it has no effect`,
          span,
          help: `write ${problem.takes}`,
        }),
      ];
    });
  },
};
