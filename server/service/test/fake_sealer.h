// A sealer for tests: no secret, but the text is not readable as it is, and the context is checked.
#pragma once

#include <string>

#include "tracia/service/connections.h"

namespace tracia::service {

class FakeSealer final : public Sealer {
 public:
  std::string seal(std::string_view plain, std::string_view context) const override {
    return flip(std::string(context) + "\n" + std::string(plain));
  }
  Result<std::string> unseal(std::string_view sealed, std::string_view context) const override {
    const std::string text = flip(std::string(sealed)), expected = std::string(context) + "\n";
    if (!text.starts_with(expected)) return fail(Error::invalid("sealed for something else"));
    return text.substr(expected.size());
  }

 private:
  static std::string flip(std::string text) {
    for (char& c : text) c = static_cast<char>(~c);
    return text;
  }
};

}  // namespace tracia::service
