# Everything comes from Debian packages (see ./dev setup); docs/decisions say why each was chosen.
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CURL 7.88 REQUIRED)
find_package(simdjson REQUIRED)
find_package(Boost 1.81 REQUIRED)  # headers only: Asio and Beast
find_package(nlohmann_json REQUIRED)  # tests and tracia-conformance only
if(TRACIA_TESTS)
  enable_testing()
  find_package(GTest REQUIRED)
endif()
