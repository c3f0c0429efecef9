# Everything comes from Debian packages (see ./dev setup); docs/decisions say why each was chosen.
include(TraciaClientDependencies)
find_package(Boost 1.81 REQUIRED)  # headers only: Asio and Beast
find_library(TRACIA_RE2 re2 REQUIRED)  # masking: patterns of projects
find_package(nlohmann_json REQUIRED)  # tests and tracia-conformance only
if(TRACIA_TESTS)
  enable_testing()
  find_package(GTest REQUIRED)
endif()
