#include "cli/help_text.h"

#include <fmt/format.h>

#include <array>

#include "base/error_catalogue.h"

namespace slipway::cli {

namespace {

constexpr std::array<std::string_view, 5> kGroups = {"Start", "Model work", "Store", "Server",
                                                     "Tools"};

std::string UsageLine(const Command& command) {
  std::string usage = fmt::format("slipway {}", command.name);
  for (const Positional& positional : command.positionals) {
    const std::string name =
        positional.most > 1 ? fmt::format("{}...", positional.name) : std::string(positional.name);
    usage += positional.least == 0 ? fmt::format(" [{}]", name) : fmt::format(" {}", name);
  }
  return usage + " [flags]";
}

std::string FlagHead(const Flag& flag) {
  std::string head = flag.letter == '\0' ? "    " : fmt::format("-{}, ", flag.letter);
  head += flag.name;
  if (!flag.value.empty()) head += fmt::format(" {}", flag.value);
  return head;
}

std::string FlagTail(const Flag& flag) {
  std::string tail(flag.help);
  if (!flag.choices.empty()) tail += fmt::format(": {}", fmt::join(flag.choices, "|"));
  if (!flag.default_value.empty()) tail += fmt::format(" (default {})", flag.default_value);
  if (flag.repeatable) tail += "; may be repeated";
  if (flag.from_environment) tail += fmt::format(" [{}]", EnvironmentName(flag.name));
  return tail;
}

std::string FlagTable(std::span<const Flag> flags) {
  std::string text;
  for (const Flag& flag : flags)
    text += fmt::format("  {:<28} {}\n", FlagHead(flag), FlagTail(flag));
  return text;
}

std::string FormatsTopic() {
  return R"(Files that slipway reads

  .onnx          ONNX, opset 7 to the newest, external data beside it
  .keras         Keras 3, and tf_keras 2.13 and later
  .h5            Keras 1, 2 and 3 (whole models, not weights alone)

The format is told by the first bytes of a file, not by its name. SavedModel, GraphDef, TF.js, TFLite and PyTorch
files are recognised and refused by name; nothing found in a model file is ever executed.

Tensors go in and out as

  .npy           one array             -i image=@digits.npy
  .npz           several arrays        -i image=@set.npz:in_0      -i @inputs.npz (arrays named as the inputs)
  .json          nested lists          -i image=@digits.json       -i 'ids=[[1,2,3]]'
  .raw, .bin     packed little-endian  -i image=@digits.raw
)";
}

std::string ExitCodesTopic() {
  return R"(Exit codes

    0  success                            7  network or authentication failed
    1  other failure                      8  server not reachable or not ready
    2  wrong usage or configuration       9  memory, disk or address not available
    3  not found                         10  conflict: exists already, digest differs
    4  invalid model or package          11  refused by policy
    5  unsupported operator or format    12  a threshold was missed
    6  a check failed                   124  timeout; 130 Ctrl-C; 143 SIGTERM
)";
}

std::string EnvironmentTopic() {
  std::string text =
      "Environment variables\n\nEvery flag has one, printed behind it in --help: --max-body is "
      "SLIPWAY_MAX_BODY. "
      "The command line wins.\n\n";
  for (const Flag& flag : GlobalFlags()) {
    text += fmt::format("  {:<28} {}\n", EnvironmentName(flag.name), flag.help);
  }
  text += fmt::format("  {:<28} {}\n", "SLIPWAY_ORT_LIBRARY", "the ONNX Runtime library to open");
  text += fmt::format("  {:<28} {}\n", "NO_COLOR, CLICOLOR_FORCE", "colour off, colour on");
  return text;
}

std::string ErrorsTopic() {
  std::string text = "Errors with numbers of their own (slipway explain-error NUMBER)\n\n";
  for (const ErrorEntry& entry : ErrorCatalogue()) {
    text += fmt::format("  {}  {}\n", ErrorName(entry.number), entry.title);
  }
  return text;
}

std::string SignatureTopic() {
  return R"(Signatures

A model's inputs and outputs are written  NAME TYPE[SHAPE]:  image f32[N,28,28,1]

  types   bool u8 u16 u32 u64 i8 i16 i32 i64 f16 bf16 f32 f64 string
  shape   a number is fixed, N is a batch of any size, ? any size

`slipway inspect MODEL --signature` prints them; a request must match them in type and rank and in every fixed dimension.
Inputs keep the names and the layout of the framework: a Keras image stays [batch, height, width, channels].
)";
}

std::string LimitsTopic() {
  return R"(Limits

Those of a running server are shown by GET /v2/config, each with the flag that changes it.

  importing        memory 4 times the file and 512 MiB, output 2 times the file and 64 MiB, 120 seconds
  .npz             4 GiB inflated, 10,000 arrays, 1000 times its stored size for an array above 64 MiB
  tensors          16 dimensions
  JSON             64 levels of nesting
  model names      128 characters: letters, digits, dots, dashes, underscores

A file or request beyond a limit is refused with both numbers; nothing is cut silently.
)";
}

std::string StoreTopic() {
  return R"(The store

Published models lie in one folder: --store, SLIPWAY_STORE, else $XDG_DATA_HOME/slipway/store, else
~/.local/share/slipway/store. Files in it are named by their SHA-256; a catalogue says which belong to which version.

  NAME           the newest version
  NAME:3         version 3; versions count from 1 and never change
  NAME:prod      the version that the alias prod points at (slipway tag NAME:3 prod)
  NAME@sha256:.. the version with this digest

Publishing is safe at any moment: after a crash or Ctrl-C the store holds the old state or the new one. Removed versions
give their space back with slipway gc.
)";
}

std::string ServerTopic() {
  return R"(A running server

  slipway serve mnist                  a model of the store, at http://127.0.0.1:8080
  slipway serve model.keras --port 0   a file, at any free port
  slipway ps                           what it serves, and how often it was asked
  slipway load mnist:2                 one more version; slipway unload mnist takes all of them away
  slipway bench http://127.0.0.1:8080/v2/models/mnist

ps, load and unload talk to --host (SLIPWAY_HOST). Changing what is served needs the server's admin key: the first start
writes it into the store as admin.key, readable by its owner alone, and these commands find it there. It is sent to this
machine only, unless --api-key-file names it.

On an address that others reach, or with --require-key, clients need a key of their own: slipway grant NAME makes one,
slipway keys lists them, slipway revoke takes one back. With --certificate a client is known by its certificate, with
--password by a login; --rate and --in-flight give it a quota, and serve's --anonymous-rate one to each address without.

serve --audit-log FILE records who loaded and unloaded what. serve --admin-listen 127.0.0.1:8081 takes these requests at
that address alone: ps, load and unload then need --host http://127.0.0.1:8081. At unix:PATH, a socket, only the server's
user reaches them: --host unix:PATH.

SIGTERM and Ctrl-C end a server when it has answered what it accepted; a second signal ends it at once.
)";
}

constexpr std::array kTopics = {
    Topic{"formats", "model and tensor files that are read and written", FormatsTopic},
    Topic{"signature", "how inputs and outputs are written", SignatureTopic},
    Topic{"store", "where models are kept and how versions are named", StoreTopic},
    Topic{"server", "a running server: its address, its key, how it ends", ServerTopic},
    Topic{"exit-codes", "what the program's exit code says", ExitCodesTopic},
    Topic{"env", "environment variables", EnvironmentTopic},
    Topic{"limits", "what is bounded, and how", LimitsTopic},
    Topic{"errors", "every error that has a number", ErrorsTopic},
};

}  // namespace

std::string OverviewHelp() {
  std::string text =
      "slipway: a trained model, from a file to a service\n\n"
      "  slipway serve model.keras     import, check, serve; prints the URL and a curl line\n"
      "  slipway push model.keras      import, check, publish in the store\n\n"
      "Usage: slipway COMMAND [ARGUMENTS] [flags]\n";
  for (const std::string_view group : kGroups) {
    text += fmt::format("\n{}\n", group);
    for (const Command& command : Commands()) {
      if (command.group == group)
        text += fmt::format("  {:<15} {}\n", command.name, command.summary);
    }
  }
  text += "\nTopics (slipway help TOPIC)\n";
  for (const Topic& topic : Topics())
    text += fmt::format("  {:<15} {}\n", topic.name, topic.summary);
  return text + "\nMore on a command: slipway COMMAND --help\n";
}

std::string CommandHelp(const Command& command) {
  std::string text =
      fmt::format("{}: {}\n\nUsage: {}\n", command.name, command.summary, UsageLine(command));
  if (!command.description.empty()) text += fmt::format("\n{}\n", command.description);
  if (!command.positionals.empty()) {
    text += "\nArguments\n";
    for (const Positional& positional : command.positionals) {
      text += fmt::format("  {:<28} {}\n", positional.name, positional.help);
    }
  }
  if (!command.flags.empty()) text += "\nFlags\n" + FlagTable(command.flags);
  text += "\nFlags of every command\n" + FlagTable(GlobalFlags());
  if (!command.examples.empty()) {
    text += "\nExamples\n";
    for (const std::string_view example : command.examples) text += fmt::format("  {}\n", example);
  }
  return text;
}

std::span<const Topic> Topics() { return kTopics; }

}  // namespace slipway::cli
