#pragma once

#include <string>
#include <vector>

#include "repository/layout.h"

namespace slipway::repository {

/// What people are told of a folder: lines of one thing each.
struct LayoutText {
  std::vector<std::string> lines;     ///< what was found, and what is made of each model
  std::vector<std::string> warnings;  ///< what is not served, and every field without effect
};

/// Pure.
LayoutText DescribeLayout(const RepositoryLayout& layout);

/// "a Triton repository".
std::string_view LayoutName(RepositoryLayout::Kind kind);

}  // namespace slipway::repository
