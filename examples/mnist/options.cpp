#include "options.hpp"

#include <array>
#include <cctype>
#include <charconv>
#include <cstdio>
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

struct known_optimizer {
    std::string_view name;
    double mlp_lr, cnn_lr;   // learning rates that were seen to do well
};

constexpr auto known_optimizers = std::array{
    known_optimizer{"sgd", 0.7, 0.1},     known_optimizer{"adam", 2e-3, 2e-3},    known_optimizer{"adamw", 2e-3, 2e-3},
    known_optimizer{"nadam", 2e-3, 2e-3}, known_optimizer{"rmsprop", 1e-3, 1e-3}, known_optimizer{"lion", 3e-4, 3e-4},
};

const known_optimizer* find_optimizer(std::string_view name) {
    for (const auto& each : known_optimizers)
        if (each.name == name) return &each;
    return nullptr;
}

/// "a, b or c"
std::string optimizer_names() {
    auto text = std::string{};
    for (auto i = std::size_t{0}; i < known_optimizers.size(); ++i) {
        if (i > 0) text += i + 1 < known_optimizers.size() ? ", " : " or ";
        text += known_optimizers[i].name;
    }
    return text;
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
    option{"--model", "NAME", "mlp (the default), the network of three layers, or cnn, a convolutional one",
           [](options& o, name_type name, text_type text) {
               if (text != "mlp" && text != "cnn") refuse(name, "mlp or cnn", text);
               o.cnn = text == "cnn";
           }},
    option{"--optimizer", "NAME", "sgd (the default), adam, adamw, nadam, rmsprop or lion",
           [](options& o, name_type name, text_type text) {
               if (find_optimizer(text) == nullptr) refuse(name, optimizer_names(), text);
               o.optimizer = text;
           }},
    option{"--lr", "X", "learning rate: up to it in the first epoch, then down to 0 (default: see below)",
           [](options& o, name_type name, text_type text) {
               o.lr = number_between(name, text, 0, 1000, "a number from 0 to 1000");
           }},
    option{"--momentum", "X", "the part of a step that goes on in the next, with sgd (default 0.9)",
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
    if (result.momentum && !result.has_momentum())
        throw usage_error{"--momentum is of --optimizer sgd; " + result.optimizer + " has its own"};
    return result;
}

double options::learning_rate() const {
    const auto& known = *find_optimizer(optimizer);
    return lr.value_or(cnn ? known.cnn_lr : known.mlp_lr);
}

std::size_t options::optimizer_number() const {
    return static_cast<std::size_t>(find_optimizer(optimizer) - known_optimizers.data());
}

std::string help_text() {
    auto text = std::string{
        "usage: mnist [OPTION]...\n"
        "\n"
        "Teaches a network, of three layers, 784-512-256-10, or with convolutions, to read the 60000 handwritten\n"
        "digits of MNIST, and tests it on 10000 others. `sh examples/mnist/run.sh` builds it, gets the data and\n"
        "runs it.\n"
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
        "where run.sh puts them (or XDG_CACHE_HOME/xgrad).\n"
        "\n"
        "Default learning rates        mlp     cnn\n";
    for (const auto& each : known_optimizers) {
        auto row = std::array<char, 80>{};
        std::snprintf(row.data(), row.size(), "  %-28s%-8g%g\n", std::string{each.name}.c_str(), each.mlp_lr, each.cnn_lr);
        text += row.data();
    }
    return text;
}
