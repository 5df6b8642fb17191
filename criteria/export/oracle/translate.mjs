// Translates CQL to ELM with the reference translator, @cqframework/cql.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { CqlCompilerOptions, CqlTranslator, LibraryManager, ModelManager, createModelInfoProvider, createUcumService, stringAsSource } from '@cqframework/cql/cql-to-elm';
import { SystemModelInfoProvider } from '@cqframework/cql/cql';

const modelInfo = createRequire(import.meta.url).resolve('cql-exec-fhir').replace(/index\.js$/, 'modelInfos/fhir-modelinfo-4.0.1.xml');

// translator returns a function from the text of a library to its ELM. It throws
// every error that the translator finds, with its place.
export function translator() {
  const models = new ModelManager();
  models.modelInfoLoader.registerModelInfoProvider(createModelInfoProvider(
    (id) => (id === 'FHIR' ? stringAsSource(fs.readFileSync(modelInfo, 'utf8')) : null)));
  models.modelInfoLoader.registerModelInfoProvider(new SystemModelInfoProvider());
  // The exported CQL has no quantities but of time, whose units are CQL's own.
  const units = createUcumService((value) => value, () => null, (a) => a, (a) => a);
  // As by default, but without annotations of where everything stood.
  const { DisableListDemotion, DisableListPromotion } = CqlCompilerOptions.Options;
  const options = new CqlCompilerOptions();
  options.setOptions([DisableListDemotion, DisableListPromotion]);
  const libraries = new LibraryManager(models, options, undefined, units);
  return (cql) => {
    const elm = JSON.parse(CqlTranslator.fromText(cql, libraries).toJson());
    const errors = (elm.library.annotation ?? []).filter((a) => a.errorSeverity === 'error');
    if (errors.length > 0) {
      throw new Error([...new Set(errors.map((a) => `line ${a.startLine}:${a.startChar}: ${a.message}`))].slice(0, 5).join('\n'));
    }
    return elm;
  };
}
