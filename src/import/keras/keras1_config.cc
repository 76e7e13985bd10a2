#include "import/keras/keras1_config.h"

#include <string_view>
#include <utility>

#include "import/keras/config_fields.h"

namespace slipway::import::keras {

namespace {

constexpr std::pair<std::string_view, std::string_view> kClasses[] = {
    {"Convolution1D", "Conv1D"},
    {"Convolution2D", "Conv2D"},
    {"Convolution3D", "Conv3D"},
    {"SeparableConvolution2D", "SeparableConv2D"},
    {"Deconvolution2D", "Conv2DTranspose"},
};

constexpr std::pair<std::string_view, std::string_view> kFields[] = {
    {"nb_filter", "filters"},
    {"border_mode", "padding"},
    {"subsample", "strides"},
    {"subsample_length", "strides"},
    {"filter_length", "kernel_size"},
    {"atrous_rate", "dilation_rate"},
    {"inner_activation", "recurrent_activation"},
    {"p", "rate"},
    {"pool_length", "pool_size"},
    {"stride", "strides"},
};

void Rename(Json& config, std::string_view old_name, std::string_view new_name) {
  const auto found = config.find(old_name);
  if (found == config.end() || config.contains(new_name)) return;
  config[std::string(new_name)] = std::move(*found);
  config.erase(config.find(old_name));
}

/// nb_row and nb_col are the two sizes of a kernel.
void JoinKernelSize(Json& config) {
  if (!config.contains("nb_row") || !config.contains("nb_col")) return;
  Json size = Json::array();
  if (config.contains("kernel_dim1")) size.push_back(config["kernel_dim1"]);
  size.push_back(config["nb_row"]);
  size.push_back(config["nb_col"]);
  config["kernel_size"] = std::move(size);
}

void RenameUnits(const std::string& class_name, Json& config) {
  for (const std::string_view name : {"Dense", "LSTM", "GRU", "SimpleRNN"}) {
    if (class_name == name) Rename(config, "output_dim", "units");
  }
}

}  // namespace

void UpdateKeras1Layer(std::string& class_name, Json& config) {
  for (const auto& [old_name, new_name] : kClasses) {
    if (class_name == old_name) class_name = new_name;
  }
  for (const auto& [old_name, new_name] : kFields) Rename(config, old_name, new_name);
  JoinKernelSize(config);
  RenameUnits(class_name, config);
  const std::string ordering = TextOr(config, "dim_ordering", "");
  if (!ordering.empty() && !config.contains("data_format")) {
    config["data_format"] = ordering == "th" ? "channels_first" : "channels_last";
  }
  if (config.contains("bias") && config["bias"].is_boolean() && !config.contains("use_bias")) {
    config["use_bias"] = config["bias"];
  }
}

}  // namespace slipway::import::keras
