#include <fmt/format.h>

#include <filesystem>

#include "base/heap.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/config_file.h"
#include "cli/context.h"
#include "cli/describe.h"
#include "cli/model_argument.h"
#include "cli/samples.h"
#include "jobs/export_model.h"
#include "jobs/publish_model.h"
#include "serve/control/model_config_json.h"

namespace slipway::cli {

namespace {

Result<OpenedModel> ImportSource(const Arguments& arguments, Context& context) {
  ReturnLargeBlocksAtOnce();
  const std::string source = arguments.Text("SOURCE");
  std::error_code ignored;
  if (!std::filesystem::exists(source, ignored))
    return NotFound(fmt::format("no such file: {}", source));
  jobs::ImportOptions options;
  if (arguments.Given("--opset")) {
    SLIPWAY_TRY(options.opset, arguments.Integer("--opset", 7, 28));
  }
  SLIPWAY_TRY(const double tolerance, arguments.Number("--tolerance", 0, 1));
  options.relative_tolerance = tolerance;
  options.absolute_tolerance = tolerance;
  for (const std::string& check : arguments.List("--check")) {
    SLIPWAY_TRY(jobs::Sample sample, ReadSample(check));
    options.samples.push_back(std::move(sample));
  }
  return OpenModel(context, source, std::move(options));
}

void PrintFindings(const jobs::ImportedModel& imported, Context& context) {
  for (const std::string& warning : imported.warnings) context.Warn(warning);
  for (const std::string& note : imported.notes) context.Say("note: " + note);
}

CommandResult RunImport(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(const OpenedModel model, ImportSource(arguments, context));
  const jobs::ImportedModel& imported = *model.imported;
  PrintFindings(imported, context);
  OrderedJson json = ImportToJson(imported);
  std::string text = DescribeImport(imported);
  if (const std::string output = arguments.Text("--output"); !output.empty()) {
    SLIPWAY_RETURN_IF_ERROR(jobs::ExportOnnx(imported, output));
    json["output"] = output;
    text += fmt::format("wrote     {}\n", output);
  }
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem("Import", json, context.quiet() ? "" : text));
  return ExitCode::kSuccess;
}

std::string ModelName(const Arguments& arguments, const jobs::ImportedModel& imported) {
  const std::string name = arguments.Text("--name");
  return name.empty() ? imported.manifest.name : name;
}

CommandResult RunPush(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(const OpenedModel model, ImportSource(arguments, context));
  const jobs::ImportedModel& imported = *model.imported;
  PrintFindings(imported, context);
  const std::string name = ModelName(arguments, imported);
  SLIPWAY_TRY(std::string config,
              ReadConfigFile(arguments.Text("--config"), imported.manifest.signature));
  if (arguments.Switch("--dry-run")) {
    OrderedJson json;
    json["model"] = name;
    json["dry_run"] = true;
    json["import"] = ImportToJson(imported);
    SLIPWAY_RETURN_IF_ERROR(
        context.PrintItem("ModelVersion", json,
                          DescribeImport(imported) +
                              fmt::format("would publish {} in {}\n", name, context.store_folder()),
                          name));
    return ExitCode::kSuccess;
  }
  SLIPWAY_TRY(registry::Registry * registry, context.Registry());
  jobs::PublishOptions options;
  SLIPWAY_TRY(options.labels, ReadLabels(arguments.List("--labels"), imported.manifest.signature));
  if (!config.empty()) options.annotations.emplace(serve::kConfigAnnotation, std::move(config));
  SLIPWAY_TRY(const registry::ModelVersion version,
              jobs::PublishModel(*registry, imported, name, options));
  if (const std::string alias = arguments.Text("--alias"); !alias.empty()) {
    SLIPWAY_RETURN_IF_ERROR(registry->SetAlias(version.model, alias, version.version));
  }
  OrderedJson json;
  json["model"] = version.model;
  json["version"] = version.version;
  json["digest"] = version.package.ToString();
  json["import"] = ImportToJson(imported);
  const std::string reference = fmt::format("{}:{}", version.model, version.version);
  const std::string text = DescribeImport(imported) + fmt::format("published {} ({})\n", reference,
                                                                  version.package.ToString());
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem("ModelVersion", json, text, reference));
  return ExitCode::kSuccess;
}

const Positional kSource{.name = "SOURCE", .help = "a model file; see: slipway help formats"};

std::vector<Flag> ImportFlags() {
  return {{.name = "--opset",
           .value = "N",
           .help = "the ONNX opset to write (default: the importer's choice)"},
          {.name = "--check",
           .value = "FILE.npz",
           .help = "inputs and expected outputs to compare with (in_0, out_0, or by tensor name)",
           .repeatable = true,
           .from_environment = false},
          {.name = "--tolerance",
           .value = "X",
           .help = "largest error that --check accepts, relative and absolute",
           .default_value = "1e-4"}};
}

}  // namespace

Command MakeImportCommand() {
  Command command{.name = "import",
                  .group = "Model work",
                  .summary = "convert a model file to ONNX and check the result",
                  .description =
                      "The file is read in a confined process and nothing in it is executed. "
                      "Without -o the conversion is only checked.",
                  .positionals = {kSource},
                  .flags = ImportFlags(),
                  .examples = {"slipway import model.keras -o model.onnx",
                               "slipway import model.h5 --check golden.npz"},
                  .run = RunImport};
  command.flags.push_back({.name = "--output",
                           .letter = 'o',
                           .value = "FILE.onnx",
                           .help = "where to write the ONNX file",
                           .from_environment = false});
  return command;
}

Command MakePushCommand() {
  Command command{
      .name = "push",
      .group = "Store",
      .summary = "import a model file and publish it in the store",
      .description =
          "A published version never changes. Publishing again what the newest version holds gives "
          "that version.",
      .positionals = {kSource},
      .flags = ImportFlags(),
      .examples = {"slipway push model.keras --name mnist",
                   "slipway push model.h5 --name mnist --labels classes.txt --alias prod"},
      .run = RunPush,
      .aliases = {"publish"}};
  command.flags.push_back({.name = "--name",
                           .value = "NAME",
                           .help = "the model's name (default: from the file name)",
                           .from_environment = false});
  command.flags.push_back({.name = "--alias",
                           .value = "ALIAS",
                           .help = "point this alias at the new version",
                           .from_environment = false});
  command.flags.push_back({.name = "--labels",
                           .value = "[OUTPUT=]FILE",
                           .help = "class names of an output, one a line",
                           .repeatable = true,
                           .from_environment = false});
  command.flags.push_back({.name = "--config",
                           .value = "FILE.json",
                           .help = "how servers batch and queue it: Triton's ModelConfig as JSON",
                           .from_environment = false});
  command.flags.push_back({.name = "--dry-run",
                           .help = "import and check, publish nothing",
                           .from_environment = false});
  return command;
}

}  // namespace slipway::cli
