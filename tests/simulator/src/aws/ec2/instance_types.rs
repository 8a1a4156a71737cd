//! DescribeInstanceTypes.

use super::Request;
use super::Usual;
use crate::aws::failure::Failure;
use crate::aws::xml::Xml;
use crate::organisation::aws::Accelerator;
use crate::organisation::aws::InstanceType;
use crate::organisation::aws::Maker;

/// Names in one request, and types on one page.
const MOST: usize = 100;

pub fn answer(request: &Request) -> Result<String, Failure> {
    let names = request.parameters.list("InstanceType");
    if names.len() > MOST {
        let message = format!("{} instance types in one request; at most {MOST} are allowed", names.len());
        return Err(Failure::new(400, "InvalidParameterValue", message));
    }
    request.names_or_pages("InstanceType")?;
    let known = request.call.state.aws().instance_types.iter().collect();
    let all = request.named(known, "InstanceType", "InvalidInstanceType", |kind| kind.name)?;
    let types = request.filtered(all, |kind, name| match name {
        "instance-type" => Some(vec![kind.name.to_owned()]),
        "processor-info.supported-architecture" => Some(vec![kind.architecture.to_owned()]),
        _ => None,
    })?;
    let page = request.page(types.len(), 5..=MOST as i64, Usual::Largest, MOST)?;
    Ok(request.document(page.token.as_deref(), |xml| {
        xml.items("instanceTypeSet", &types[page.range], |xml, kind| write(xml, kind));
    }))
}

fn write(xml: &mut Xml, kind: &InstanceType) {
    xml.text("instanceType", kind.name);
    xml.text("currentGeneration", !kind.name.starts_with("p3."));
    xml.text("freeTierEligible", false);
    xml.items("supportedUsageClasses", ["on-demand", "spot"], |xml, class| xml.inner(class));
    xml.text("bareMetal", false);
    xml.text("hypervisor", "nitro");
    xml.element("processorInfo", |xml| {
        xml.items("supportedArchitectures", [kind.architecture], |xml, text| xml.inner(text));
    });
    xml.element("vCpuInfo", |xml| {
        let threads = if kind.architecture == "arm64" { 1 } else { 2 };
        xml.text("defaultVCpus", kind.vcpus);
        xml.text("defaultCores", kind.vcpus / threads);
        xml.text("defaultThreadsPerCore", threads);
    });
    xml.element("memoryInfo", |xml| xml.text("sizeInMiB", kind.memory));
    xml.text("instanceStorageSupported", false);
    match kind.accelerator {
        Accelerator::None => {}
        Accelerator::Gpu(maker, name, count, memory) => xml.element("gpuInfo", |xml| {
            xml.items("gpus", [()], |xml, ()| {
                xml.text("name", name);
                xml.text("manufacturer", if maker == Maker::Nvidia { "NVIDIA" } else { "AMD" });
                xml.text("count", count);
                xml.element("memoryInfo", |xml| xml.text("sizeInMiB", memory));
            });
            xml.text("totalGpuMemoryInMiB", count * memory);
        }),
        Accelerator::Neuron(name, count, cores, memory) => {
            // The first generation is told of in two ways.
            if name == "Inferentia" {
                xml.element("inferenceAcceleratorInfo", |xml| {
                    // The one list of EC2 whose elements are not called `item`.
                    xml.element("accelerators", |xml| {
                        xml.element("member", |xml| {
                            xml.text("count", count);
                            xml.text("name", name);
                            xml.text("manufacturer", "AWS");
                        });
                    });
                });
            }
            xml.element("neuronInfo", |xml| {
                xml.items("neuronDevices", [()], |xml, ()| {
                    xml.text("count", count);
                    xml.text("name", name);
                    xml.element("coreInfo", |xml| {
                        xml.text("count", cores);
                        xml.text("version", 2);
                    });
                    xml.element("memoryInfo", |xml| xml.text("sizeInMiB", memory));
                });
                xml.text("totalNeuronDeviceMemoryInMiB", count * memory);
            });
        }
    }
}
