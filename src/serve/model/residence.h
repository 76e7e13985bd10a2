#pragma once

namespace slipway::serve {

/// Whether a model has its memory at this moment, or left it to others. Thread-safe.
class Residence {
 public:
  virtual ~Residence() = default;
  virtual bool IsIn() const = 0;
};

}  // namespace slipway::serve
