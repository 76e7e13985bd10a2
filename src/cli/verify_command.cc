#include <fmt/format.h>

#include "cli/command.h"
#include "cli/context.h"
#include "cli/model_argument.h"
#include "cli/random_inputs.h"
#include "graph/onnx/check.h"
#include "graph/onnx_file.h"
#include "graph/verify.h"

namespace slipway::cli {

namespace {

/// The checks in order; each adds a line, the first failure ends them.
class Verification {
 public:
  Verification(Context& context, const OpenedModel& model) : context_(context), model_(model) {}

  Status Run() {
    if (model_.version) Passed("digests", "every file of the package has its digest");
    if (model_.imported) Passed("import", model_.imported->self_check.summary);
    SLIPWAY_RETURN_IF_ERROR(CheckGraph());
    return CheckEngine();
  }

  const OrderedJson& json() const { return json_; }
  const std::string& text() const { return text_; }

 private:
  void Passed(std::string_view check, std::string_view detail) {
    json_.push_back({{"check", check}, {"detail", detail}});
    text_ += fmt::format("ok  {:<10} {}\n", check, detail);
  }

  Status CheckGraph() {
    if (model_.graph_path.empty()) return {};  // an ensemble without a graph of its own
    SLIPWAY_TRY(const graph::Model graph, graph::ReadModelFile(model_.graph_path));
    SLIPWAY_RETURN_IF_ERROR(graph::ToStatus(graph::Verify(graph)));
    Passed("structure", fmt::format("{} nodes, {} constants, opset {}", graph.main.nodes.size(),
                                    graph.main.initializers.size(), graph.Opset()));
    SLIPWAY_RETURN_IF_ERROR(graph::ToStatus(graph::CheckModel(graph)));
    Passed("operators", "every node fits its operator's schema");
    return {};
  }

  Status CheckEngine() {
    SLIPWAY_TRY(const auto executable, Compile(context_, model_));
    if (model_.manifest.ensemble) {
      Passed("steps", fmt::format("{} steps fit together", model_.manifest.ensemble->steps.size()));
    }
    SLIPWAY_TRY(const std::vector<TensorBuffer> inputs,
                RandomInputs(executable->signature(), 1, 1));
    std::vector<TensorView> views;
    for (const TensorBuffer& input : inputs) views.push_back(input.view());
    SLIPWAY_RETURN_IF_ERROR(executable->RunAll(views).status());
    Passed("engine", "loads and runs");
    return {};
  }

  Context& context_;
  const OpenedModel& model_;
  OrderedJson json_ = OrderedJson::array();
  std::string text_;
};

CommandResult RunVerify(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(const OpenedModel model, OpenModel(context, arguments.Text("MODEL")));
  Verification verification(context, model);
  Status status = verification.Run();
  if (!status.ok()) return std::move(status).At(model.title);
  OrderedJson json;
  json["model"] = model.title;
  json["checks"] = verification.json();
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem("Verification", json, verification.text()));
  return ExitCode::kSuccess;
}

}  // namespace

Command MakeVerifyCommand() {
  return {.name = "verify",
          .group = "Model work",
          .summary = "check a model: digests, structure, operators, engine",
          .positionals = {{.name = "MODEL", .help = "a model file, or a model of the store"}},
          .examples = {"slipway verify mnist:2", "slipway verify model.onnx"},
          .run = RunVerify};
}

}  // namespace slipway::cli
