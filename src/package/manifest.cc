#include "package/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "package/json_fields.h"

namespace slipway::package {

namespace {

constexpr std::string_view kSchema = "slipway-package/1";

Json BlobToJson(const Blob& blob) {
  return {{"digest", blob.digest.ToString()}, {"size", blob.size}};
}

void AddUnlessEmpty(Json& json, const char* name, const std::string& text) {
  if (!text.empty()) json[name] = text;
}

Json LineageToJson(const Lineage& lineage) {
  Json json = Json::object();
  AddUnlessEmpty(json, "source_name", lineage.source_name);
  if (lineage.source_digest) json["source_digest"] = lineage.source_digest->ToString();
  AddUnlessEmpty(json, "source_format", lineage.source_format);
  AddUnlessEmpty(json, "framework", lineage.framework);
  AddUnlessEmpty(json, "tool_version", lineage.tool_version);
  AddUnlessEmpty(json, "self_check", lineage.self_check);
  if (!lineage.warnings.empty()) json["warnings"] = lineage.warnings;
  return json;
}

/// Only the written-out form "sha256:" + 64 lower-case digits: one digest has one spelling.
Result<Digest> DigestOf(const JsonFields& fields, std::string_view name) {
  SLIPWAY_TRY(const std::string text, fields.String(name));
  Result<Digest> digest = ParseDigest(text);
  if (!digest.ok() || text.size() != digest->ToString().size()) {
    return InvalidField(fields.PathOf(name),
                        fmt::format("\"{}\" is not sha256: and 64 lower-case hexadecimal digits",
                                    Printable(text, 80)));
  }
  return digest;
}

Result<Blob> BlobFromJson(const Json& json, std::string_view path) {
  SLIPWAY_TRY(const JsonFields fields, JsonFields::Of(json, path, {"digest", "size"}));
  Blob blob;
  SLIPWAY_TRY(blob.digest, DigestOf(fields, "digest"));
  SLIPWAY_TRY(const std::int64_t size, fields.Count("size"));
  blob.size = static_cast<std::uint64_t>(size);
  return blob;
}

Result<std::optional<Blob>> OptionalBlob(const JsonFields& fields, std::string_view name) {
  const Json* json = fields.Find(name);
  if (json == nullptr) return std::optional<Blob>();
  SLIPWAY_TRY(const Blob blob, BlobFromJson(*json, fields.PathOf(name)));
  return std::optional<Blob>(blob);
}

Result<Lineage> LineageFromJson(const Json& json) {
  SLIPWAY_TRY(const JsonFields fields,
              JsonFields::Of(json, "lineage",
                             {"source_name", "source_digest", "source_format", "framework",
                              "tool_version", "self_check", "warnings"}));
  Lineage lineage;
  SLIPWAY_TRY(lineage.source_name, fields.OptionalString("source_name"));
  if (fields.Find("source_digest") != nullptr) {
    SLIPWAY_TRY(lineage.source_digest, DigestOf(fields, "source_digest"));
  }
  SLIPWAY_TRY(lineage.source_format, fields.OptionalString("source_format"));
  SLIPWAY_TRY(lineage.framework, fields.OptionalString("framework"));
  SLIPWAY_TRY(lineage.tool_version, fields.OptionalString("tool_version"));
  SLIPWAY_TRY(lineage.self_check, fields.OptionalString("self_check"));
  SLIPWAY_TRY(lineage.warnings, fields.OptionalStrings("warnings"));
  return lineage;
}

using Labels = std::map<std::string, std::vector<std::string>>;

Result<Labels> LabelsFromJson(const Json& json, const Signature& signature) {
  if (!json.is_object()) return InvalidField("labels", "expected a JSON object");
  Labels labels;
  for (const auto& item : json.items()) {
    const std::string place = fmt::format("labels.{}", Printable(item.key(), 64));
    if (signature.FindOutput(item.key()) == nullptr) {
      return InvalidField(place, "the signature has no output of this name");
    }
    SLIPWAY_TRY(labels[item.key()], StringsOf(item.value(), place));
  }
  return labels;
}

Result<std::map<std::string, std::string>> AnnotationsFromJson(const Json& json) {
  if (!json.is_object()) return InvalidField("annotations", "expected a JSON object");
  std::map<std::string, std::string> annotations;
  for (const auto& item : json.items()) {
    if (!item.value().is_string()) return InvalidField("annotations", "every value is a string");
    annotations[item.key()] = item.value().get_ref<const std::string&>();
  }
  return annotations;
}

Status CheckSchema(const Json& json) {
  const auto schema = json.is_object() ? json.find("schema") : json.end();
  if (schema != json.end() && schema->is_string() && *schema == kSchema) return {};
  return InvalidField("schema", fmt::format("expected \"{}\"", kSchema));
}

/// A graph, or an ensemble; both where a step of the ensemble is the graph.
Status CheckGraph(const Manifest& manifest) {
  if (!manifest.ensemble) {
    if (manifest.graph) return {};
    return InvalidField("graph", "the field is missing: a package has a graph or an ensemble");
  }
  const Result<EnsemblePlan> plan = PlanEnsemble(*manifest.ensemble, manifest.signature);
  if (!plan.ok()) return plan.status().At("ensemble");
  const bool uses_graph =
      std::ranges::any_of(manifest.ensemble->steps, &std::string::empty, &EnsembleStep::model);
  if (uses_graph == manifest.graph.has_value()) return {};
  return InvalidField("graph", uses_graph ? "a step has no model, and the package no graph"
                                          : "no step of the ensemble is the package's graph");
}

Result<Manifest> ManifestFromFields(const JsonFields& fields) {
  Manifest manifest;
  SLIPWAY_TRY(manifest.name, fields.String("name"));
  if (!IsModelName(manifest.name)) {
    return InvalidField("name", fmt::format("\"{}\" does not match {}",
                                            Printable(manifest.name, 64), kModelNamePattern));
  }
  SLIPWAY_TRY(manifest.graph, OptionalBlob(fields, "graph"));
  SLIPWAY_TRY(manifest.weights, OptionalBlob(fields, "weights"));
  SLIPWAY_TRY(manifest.samples, OptionalBlob(fields, "samples"));
  SLIPWAY_TRY(const Json* signature, fields.Required("signature"));
  SLIPWAY_TRY(manifest.signature, SignatureFromJson(*signature));
  if (const Json* ensemble = fields.Find("ensemble")) {
    SLIPWAY_TRY(manifest.ensemble, EnsembleFromJson(*ensemble, "ensemble"));
  }
  SLIPWAY_RETURN_IF_ERROR(CheckGraph(manifest));
  if (const Json* labels = fields.Find("labels")) {
    SLIPWAY_TRY(manifest.labels, LabelsFromJson(*labels, manifest.signature));
  }
  if (const Json* lineage = fields.Find("lineage")) {
    SLIPWAY_TRY(manifest.lineage, LineageFromJson(*lineage));
  }
  if (const Json* annotations = fields.Find("annotations")) {
    SLIPWAY_TRY(manifest.annotations, AnnotationsFromJson(*annotations));
  }
  return manifest;
}

}  // namespace

std::vector<Blob> BlobsOf(const Manifest& manifest) {
  std::vector<Blob> blobs;
  if (manifest.graph) blobs.push_back(*manifest.graph);
  if (manifest.weights) blobs.push_back(*manifest.weights);
  if (manifest.samples) blobs.push_back(*manifest.samples);
  return blobs;
}

std::string EncodeManifest(const Manifest& manifest) {
  Json json = {{"schema", std::string(kSchema)}, {"name", manifest.name}};
  if (manifest.graph) json["graph"] = BlobToJson(*manifest.graph);
  if (manifest.ensemble) json["ensemble"] = EnsembleToJson(*manifest.ensemble);
  if (manifest.weights) json["weights"] = BlobToJson(*manifest.weights);
  if (manifest.samples) json["samples"] = BlobToJson(*manifest.samples);
  json["signature"] = SignatureToJson(manifest.signature);
  if (!manifest.labels.empty()) json["labels"] = manifest.labels;
  if (Json lineage = LineageToJson(manifest.lineage); !lineage.empty())
    json["lineage"] = std::move(lineage);
  if (!manifest.annotations.empty()) json["annotations"] = manifest.annotations;
  return DumpJson(json, 1) + "\n";
}

Result<Manifest> DecodeManifest(std::string_view text) {
  Result<Json> json = ParseJson(text, {.max_depth = 16, .max_bytes = kMaxManifestBytes});
  if (!json.ok()) return InvalidField("manifest", json.status().message());
  SLIPWAY_RETURN_IF_ERROR(CheckSchema(*json));
  SLIPWAY_TRY(const JsonFields fields,
              JsonFields::Of(*json, "manifest",
                             {"schema", "name", "graph", "ensemble", "weights", "samples",
                              "signature", "labels", "lineage", "annotations"}));
  return ManifestFromFields(fields);
}

}  // namespace slipway::package
