#include <fmt/format.h>

#include "cli/command.h"
#include "cli/context.h"
#include "cli/model_argument.h"
#include "cli/tensor_files.h"
#include "cli/tensor_json.h"

namespace slipway::cli {

namespace {

std::vector<TensorView> Views(std::span<const TensorBuffer> buffers) {
  std::vector<TensorView> views;
  for (const TensorBuffer& buffer : buffers) views.push_back(buffer.view());
  return views;
}

CommandResult RunRun(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(const OpenedModel model, OpenModel(context, arguments.Text("MODEL")));
  SLIPWAY_TRY(const auto executable, Compile(context, model));
  const Signature& signature = executable->signature();
  std::vector<std::string> given = arguments.List("--input");
  for (const std::string& json : arguments.List("--json"))
    given.push_back(json.starts_with("@") ? json : "@" + json);
  SLIPWAY_TRY(const std::vector<TensorBuffer> inputs, ReadInputs(signature, given));
  Result<std::vector<TensorBuffer>> ran = executable->RunAll(Views(inputs));
  if (!ran.ok()) return std::move(ran).status().At(model.title);
  std::vector<NamedView> outputs;
  for (std::size_t i = 0; i < ran->size(); ++i)
    outputs.push_back({signature.outputs[i].name, (*ran)[i].view()});
  OrderedJson json;
  if (const std::string path = arguments.Text("--output"); !path.empty()) {
    SLIPWAY_RETURN_IF_ERROR(WriteOutputs(path, outputs));
    json["output"] = path;
    if (context.format() == Format::kJson) {
      SLIPWAY_RETURN_IF_ERROR(context.PrintItem("Outputs", json, ""));
    } else {
      context.Say(fmt::format("wrote {}", path));
    }
    return ExitCode::kSuccess;
  }
  for (const NamedView& output : outputs)
    json[std::string(output.name)] = TensorToJson(output.tensor);
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem("Outputs", json, DumpJson(json) + "\n"));
  return ExitCode::kSuccess;
}

}  // namespace

Command MakeRunCommand() {
  return {.name = "run",
          .group = "Start",
          .summary = "run a model once on given inputs",
          .description =
              "Inputs are converted to the type the model declares. Without -o the outputs are "
              "printed as JSON.",
          .positionals = {{.name = "MODEL",
                           .help = "a model file, or a model of the store (NAME, NAME:3)"}},
          .flags = {{.name = "--input",
                     .letter = 'i',
                     .value = "NAME=@FILE",
                     .help = "an input: NAME=@x.npy, NAME=@set.npz:in_0, NAME=[[1,2]] or @all.npz",
                     .repeatable = true,
                     .from_environment = false},
                    {.name = "--json",
                     .value = "@FILE",
                     .help = "all inputs as one JSON object; - is standard input",
                     .from_environment = false},
                    {.name = "--output",
                     .letter = 'o',
                     .value = "FILE",
                     .help = "write the outputs: .npz, .npy or .json",
                     .from_environment = false}},
          .examples = {"slipway run mnist.keras -i image=@digits.npy -o out.npz",
                       "slipway run iris -i 'x=[[5.1,3.5,1.4,0.2]]'",
                       "echo '{\"x\": [[5.1,3.5,1.4,0.2]]}' | slipway run iris --json @-"},
          .run = RunRun};
}

}  // namespace slipway::cli
