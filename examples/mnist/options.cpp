#include "options.hpp"

#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace {

[[noreturn]] void refuse(std::string_view name, const std::string& wanted, const std::string& given) {
    throw usage_error{std::string{name} + " takes " + wanted + ", not \"" + given + '"'};
}

template <class Integer>
Integer integer_between(std::string_view name, const std::string& text, Integer low, Integer high) {
    auto number = Integer{};
    const auto* const end = text.data() + text.size();
    const auto [stopped, failure] = std::from_chars(text.data(), end, number);
    if (failure != std::errc{} || stopped != end || number < low || number > high)
        refuse(name, "a whole number from " + std::to_string(low) + " to " + std::to_string(high), text);
    return number;
}

// std::from_chars knows no floating-point numbers in some standard libraries.
double number_between(std::string_view name, const std::string& text, double low, double high, const char* wanted) {
    char* stopped = nullptr;
    const auto number = std::strtod(text.c_str(), &stopped);
    const auto complete = !text.empty() && std::isspace(static_cast<unsigned char>(text[0])) == 0 &&
                          stopped == text.c_str() + text.size();
    if (!complete || !(number >= low && number <= high)) refuse(name, wanted, text);
    return number;
}

struct option {
    std::string_view name, value, help;
    void (*set)(options&, std::string_view name, const std::string& value);
};

using name_type = std::string_view;
using text_type = const std::string&;

constexpr auto known_options = std::array{
    option{"--epochs", "N", "how often all training images are gone through (default 5)",
           [](options& o, name_type name, text_type text) {
               o.epochs = integer_between<std::size_t>(name, text, 1, 10000);
           }},
    option{"--batch-size", "N", "images that go into one step (default 100)",
           [](options& o, name_type name, text_type text) {
               o.batch_size = integer_between<std::size_t>(name, text, 1, 60000);
           }},
    option{"--lr", "X", "learning rate: up to it in the first epoch, then down to 0 (default 0.7)",
           [](options& o, name_type name, text_type text) {
               o.lr = number_between(name, text, 0, 1000, "a number from 0 to 1000");
           }},
    option{"--momentum", "X", "the part of a step that goes on in the next (default 0.9)",
           [](options& o, name_type name, text_type text) {
               o.momentum = number_between(name, text, 0, 0.999, "a number from 0 to 0.999");
           }},
    option{"--seed", "N", "of the first weights and of the order of the images (default 1)",
           [](options& o, name_type name, text_type text) {
               o.seed = integer_between<std::uint64_t>(name, text, 0, UINT64_MAX);
           }},
    option{"--threads", "N", "threads to compute with (default: one for each processor)",
           [](options& o, name_type name, text_type text) {
               o.threads = integer_between(name, text, 1, 1024);
           }},
    option{"--dataset", "NAME", "mnist (the default) or fashion: clothes, by Zalando",
           [](options& o, name_type name, text_type text) {
               if (text != "mnist" && text != "fashion") refuse(name, "mnist or fashion", text);
               o.fashion = text == "fashion";
           }},
    option{"--data", "DIR", "the folder of the four files (default: see below)",
           [](options& o, name_type, text_type text) { o.data = text; }},
    option{"--resume", "FILE", "the state of the run after each epoch; where it is there, go on from it",
           [](options& o, name_type, text_type text) { o.resume = text; }},
    option{"--report", "FILE", "write a page about the run, as HTML",
           [](options& o, name_type, text_type text) { o.report = text; }},
    option{"--save", "FILE", "write the weights, as safetensors",
           [](options& o, name_type, text_type text) { o.save = text; }},
    option{"--load", "FILE", "do not train: read such weights, and test them",
           [](options& o, name_type, text_type text) { o.load = text; }},
};

const option* find(std::string_view name) {
    for (const auto& each : known_options)
        if (each.name == name) return &each;
    return nullptr;
}

}  // namespace

options parse_options(int count, const char* const* arguments) {
    auto result = options{};
    for (auto i = 1; i < count; ++i) {
        const auto argument = std::string_view{arguments[i]};
        if (argument == "--help" || argument == "-h") {
            result.help = true;
            continue;
        }
        if (argument == "--version") {
            result.version = true;
            continue;
        }
        const auto equals = argument.find('=');
        const auto name = argument.substr(0, equals);
        const auto* const known = find(name);
        if (known == nullptr) throw usage_error{"there is no option " + std::string{name} + "; see --help"};
        auto value = std::string{};
        if (equals != std::string_view::npos) value = argument.substr(equals + 1);
        else if (i + 1 < count && !std::string_view{arguments[i + 1]}.starts_with("--")) value = arguments[++i];
        if (value.empty()) throw usage_error{std::string{name} + " needs a value; see --help"};
        known->set(result, name, value);
    }
    if (!result.load.empty() && !result.save.empty())
        throw usage_error{"--load only tests, so there is nothing new to --save"};
    if (!result.load.empty() && !result.resume.empty())
        throw usage_error{"--load only tests, so there is no run to --resume"};
    return result;
}

std::string help_text() {
    auto text = std::string{
        "usage: mnist [OPTION]...\n"
        "\n"
        "Teaches a network of three layers, 784-512-256-10, to read the 60000 handwritten digits of MNIST, and\n"
        "tests it on 10000 others. `sh examples/mnist/run.sh` builds it, gets the data and runs it.\n"
        "\n"};
    const auto line = [&](std::string_view name, std::string_view value, std::string_view help) {
        auto start = std::string{"  "};
        start += name;
        if (!value.empty()) (start += ' ') += value;
        start.resize(20, ' ');
        ((text += start) += help) += '\n';
    };
    for (const auto& each : known_options) line(each.name, each.value, each.help);
    line("--help", "", "this text");
    line("--version", "", "the library's version and how it was built");
    text +=
        "\n"
        "Values may also be given as --epochs=N. Without --data the files are looked for in the folder that the\n"
        "environment variable XGRAD_MNIST_DIR names (or XGRAD_FASHION_MNIST_DIR), then below ~/.cache/xgrad,\n"
        "where run.sh puts them (or XDG_CACHE_HOME/xgrad).\n";
    return text;
}
